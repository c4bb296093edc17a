// Runs a command on a kernel that seems to lack system calls: hide RULE... -- COMMAND [ARGUMENT...]
//
// RULE is CALL[@ARGUMENT=VALUE|@ARGUMENT&MASK][:ERRNO]. The call, or the call with such an argument, answers ERRNO
// (ENOSYS unless given), as it would on an older kernel or below the filter of a container. CALL is a name or a number:
//   openat2   openat2:EPERM   fsconfig@1=5:EOPNOTSUPP   memfd_create@1&0x10:EINVAL
// The rule "id-maps" lets mount_setattr fail with EINVAL when it is asked for an id map, as file systems without them do:
// the request is in memory, where no filter looks, so a process beside the command answers those calls.
#define _GNU_SOURCE
#include <errno.h>
#include <linux/mount.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/uio.h>
#include <unistd.h>

static const struct {
  const char* name;
  int value;
} errors[] = {{"ENOSYS", ENOSYS}, {"EPERM", EPERM},           {"EINVAL", EINVAL},
              {"EACCES", EACCES}, {"EOPNOTSUPP", EOPNOTSUPP}, {"ENOSPC", ENOSPC},
              {"ESRCH", ESRCH}};

// Newer than the library that compiles the filter.
static const struct {
  const char* name;
  int number;
} newer[] = {{"fchmodat2", 452}, {"statmount", 457}, {"listmount", 458}};

static void die(const char* what, const char* which) {
  fprintf(stderr, "hide: %s %s\n", what, which);
  exit(99);
}

static int error_of(const char* name) {
  for (size_t i = 0; i < sizeof errors / sizeof *errors; ++i)
    if (strcmp(name, errors[i].name) == 0) return errors[i].value;
  die("unknown errno", name);
  return 0;
}

static int number_of(const char* name) {
  for (size_t i = 0; i < sizeof newer / sizeof *newer; ++i)
    if (strcmp(name, newer[i].name) == 0) return newer[i].number;
  const int number = seccomp_syscall_resolve_name(name);
  if (number == __NR_SCMP_ERROR) die("unknown call", name);
  return number;
}

// Answers every mount_setattr of the command's processes, until the command ends.
static void refuse_id_maps(int listener, pid_t command) {
  struct seccomp_notif* request = NULL;
  struct seccomp_notif_resp* answer = NULL;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != command || seccomp_notify_alloc(&request, &answer) < 0) _exit(0);
  while (1) {
    memset(request, 0, sizeof *request);
    if (seccomp_notify_receive(listener, request) < 0) continue;
    struct mount_attr attr = {0};
    struct iovec here = {.iov_base = &attr, .iov_len = sizeof attr};
    struct iovec there = {.iov_base = (void*)request->data.args[3], .iov_len = sizeof attr};
    process_vm_readv((pid_t)request->pid, &here, 1, &there, 1, 0);
    const int refused = (attr.attr_set & MOUNT_ATTR_IDMAP) != 0;
    memset(answer, 0, sizeof *answer);
    answer->id = request->id;
    answer->error = refused ? -EINVAL : 0;
    answer->flags = refused ? 0 : SECCOMP_USER_NOTIF_FLAG_CONTINUE;
    seccomp_notify_respond(listener, answer);
  }
}

static void add_rule(scmp_filter_ctx filter, char* rule) {
  if (strcmp(rule, "id-maps") == 0) {
    if (seccomp_rule_add(filter, SCMP_ACT_NOTIFY, SCMP_SYS(mount_setattr), 0) < 0)
      die("cannot watch", "mount_setattr");
    return;
  }
  char* error = strchr(rule, ':');
  if (error != NULL) *error++ = '\0';
  char* condition = strchr(rule, '@');
  if (condition != NULL) *condition++ = '\0';
  struct scmp_arg_cmp compare = {0};
  if (condition != NULL) {
    char* rest = NULL;
    compare.arg = (unsigned)strtoul(condition, &rest, 10);
    const unsigned long value = strtoul(rest + 1, NULL, 0);
    compare.op = *rest == '&' ? SCMP_CMP_MASKED_EQ : SCMP_CMP_EQ;
    compare.datum_a = value;
    compare.datum_b = *rest == '&' ? value : 0;
  }
  const unsigned action = SCMP_ACT_ERRNO((unsigned)(error == NULL ? ENOSYS : error_of(error)));
  const int result = seccomp_rule_add_array(filter, action, number_of(rule), condition != NULL,
                                            condition != NULL ? &compare : NULL);
  if (result < 0) die(strerror(-result), rule);
}

int main(int argc, char** argv) {
  scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
  // Root loads filters without no_new_privs, which would change what is tested.
  if (filter == NULL || seccomp_attr_set(filter, SCMP_FLTATR_CTL_NNP, 0) < 0)
    die("cannot prepare", "a filter");
  int i = 1;
  for (; i < argc && strcmp(argv[i], "--") != 0; ++i) add_rule(filter, argv[i]);
  if (i + 1 >= argc) die("usage:", "hide RULE... -- COMMAND [ARGUMENT...]");
  const int result = seccomp_load(filter);
  if (result < 0) die("cannot load the filter:", strerror(-result));
  const int listener = seccomp_notify_fd(filter);
  const pid_t command = getpid();
  if (listener >= 0 && fork() == 0) refuse_id_maps(listener, command);
  execvp(argv[i + 1], argv + i + 1);
  die("cannot execute", argv[i + 1]);
}
