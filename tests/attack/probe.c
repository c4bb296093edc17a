// The process that plays the attacker inside a container: probe COMMAND [ARGUMENT...]
#define _GNU_SOURCE
#include "probe.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/ioctl.h>
#include <sys/personality.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static const char* word(long result) {
  return result >= 0 ? "ok" : strerrorname_np(errno);
}

// ---- Descriptors that should not be here. ----

// Own descriptors but those of the looking itself: "NUMBER TARGET".
static int show_fds(void) {
  for (int fd = 0; fd < 1024; ++fd) {
    char link[64], target[4096];
    if (fcntl(fd, F_GETFD) < 0) continue;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    const ssize_t n = readlink(link, target, sizeof target - 1);
    target[n < 0 ? 0 : n] = '\0';
    printf("%d %s\n", fd, target);
  }
  return 0;
}

// A file of another process that is outside our root: through it one could leave. `own` is our root.
static int is_outside(const char* path, const struct stat* own) {
  char up[4200];
  struct stat st;
  snprintf(up, sizeof up, "%s/etc/machine-id", path);
  if (stat(up, &st) == 0) return 1;  // no image here has one: the host's
  char target[4096];
  const ssize_t n = readlink(path, target, sizeof target - 1);
  if (n < 0) return 0;
  target[n] = '\0';
  if (strncmp(target, "(unreachable)", 13) == 0) return 1;
  return strstr(path, "/root") != NULL && stat(path, &st) == 0 &&
         (st.st_dev != own->st_dev || st.st_ino != own->st_ino);
}

static void look_at_process(const char* pid, const struct stat* own, unsigned long* seen) {
  static const char* const names[] = {"cwd", "root", "exe"};
  char path[4096], target[4096];
  for (size_t i = 0; i < 3; ++i) {
    snprintf(path, sizeof path, "/proc/%s/%s", pid, names[i]);
    const ssize_t n = readlink(path, target, sizeof target - 1);
    if (n < 0) continue;
    target[n] = '\0';
    ++*seen;
    if (is_outside(path, own)) printf("OUTSIDE %s %s\n", path, target);
  }
  snprintf(path, sizeof path, "/proc/%s/fd", pid);
  DIR* dir = opendir(path);
  if (dir == NULL) return;
  for (struct dirent* entry; (entry = readdir(dir)) != NULL;) {
    if (!isdigit((unsigned char)*entry->d_name)) continue;
    char file[4400];
    snprintf(file, sizeof file, "/proc/%s/fd/%s", pid, entry->d_name);
    const ssize_t n = readlink(file, target, sizeof target - 1);
    if (n < 0) continue;
    target[n] = '\0';
    ++*seen;
    if (is_outside(file, own) || strcmp(target, "anon_inode:[pidfd]") == 0 ||
        strcmp(target, "anon_inode:[mount]") == 0)
      printf("OUTSIDE %s %s\n", file, target);
  }
  closedir(dir);
}

// Looks into every other process, without a pause, for so many seconds (CVE-2016-9962).
static int watch(int seconds) {
  struct stat own;
  stat("/", &own);
  unsigned long rounds = 0, seen = 0;
  for (const time_t end = time(NULL) + seconds; time(NULL) < end; ++rounds) {
    DIR* proc = opendir("/proc");
    for (struct dirent* entry; (entry = readdir(proc)) != NULL;)
      if (isdigit((unsigned char)*entry->d_name) && atoi(entry->d_name) != getpid())
        look_at_process(entry->d_name, &own, &seen);
    closedir(proc);
  }
  printf("rounds %lu seen %lu\n", rounds, seen);
  return 0;
}

// Through the file that `exe` is: not for as long as it runs, so it is tried until it does not (CVE-2019-5736).
static void overwrite_file(int exe, unsigned long* tried) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", exe);
  for (int i = 0; i < 2000; ++i, ++*tried) {
    const int file = open(link, O_WRONLY | O_CLOEXEC);
    if (file < 0) continue;
    printf("WRITTEN %zd\n", write(file, "#!/canary\n", 10));
    close(file);
    return;
  }
}

// Tries to write to the program of every process that does not run one of the container's, for so many seconds.
static int overwrite(int seconds) {
  struct stat own, shell;
  stat("/proc/self/exe", &own);
  stat("/bin/busybox", &shell);
  unsigned long tried = 0;
  for (const time_t end = time(NULL) + seconds; time(NULL) < end;) {
    DIR* proc = opendir("/proc");
    for (struct dirent* entry; (entry = readdir(proc)) != NULL;) {
      char path[300];
      struct stat st;
      if (!isdigit((unsigned char)*entry->d_name)) continue;
      snprintf(path, sizeof path, "/proc/%s/exe", entry->d_name);
      const int exe = open(path, O_PATH | O_CLOEXEC);
      if (exe < 0) continue;
      if (fstat(exe, &st) == 0 && st.st_ino != own.st_ino && st.st_ino != shell.st_ino)
        overwrite_file(exe, &tried);
      close(exe);
    }
    closedir(proc);
  }
  printf("tried %lu\n", tried);
  return 0;
}

// ---- What the kernel should not do for a container. ----

static void report(const char* name, long result) {
  printf("%s %s\n", name, word(result));
}

static long no_handle(void) {
  struct {
    struct file_handle head;
    unsigned char bytes[8];
  } root = {.head = {.handle_bytes = 8, .handle_type = 1}, .bytes = {2}};
  return open_by_handle_at(AT_FDCWD, &root.head, O_RDONLY);
}

// The calls by which containers were left before, made in earnest.
static int try_calls(void) {
  report("unshare-user", unshare(CLONE_NEWUSER));
  report("unshare-mount", unshare(CLONE_NEWNS));
  report("clone-user", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
  report("clone3", syscall(SYS_clone3, NULL, 0));
  report("setns", setns(0, 0));
  report("mount", syscall(SYS_mount, "x", "/", "tmpfs", 0, ""));
  report("umount2", syscall(SYS_umount2, "/proc", 0));
  report("pivot_root", syscall(SYS_pivot_root, "/", "/"));
  report("fsopen", syscall(SYS_fsopen, "tmpfs", 0));
  report("fspick", syscall(SYS_fspick, AT_FDCWD, "/", 0));
  report("fsconfig", syscall(SYS_fsconfig, -1, 0, 0, 0, 0));
  report("fsmount", syscall(SYS_fsmount, -1, 0, 0));
  report("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1));
  report("move_mount", syscall(SYS_move_mount, -1, "", -1, "", 0));
  report("mount_setattr", syscall(SYS_mount_setattr, -1, "", 0, 0, 0));
  report("open_tree_attr", syscall(467, AT_FDCWD, "/", 1, 0, 0));
  report("open_by_handle_at", no_handle());
  report("keyctl", syscall(SYS_keyctl, 0, -3, 0));
  report("add_key", syscall(SYS_add_key, "user", "x", "x", 1, -3));
  report("request_key", syscall(SYS_request_key, "user", "x", NULL, 0));
  report("bpf", syscall(SYS_bpf, 0, NULL, 0));
  report("perf_event_open", syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
  report("userfaultfd", syscall(SYS_userfaultfd, 1));
  report("io_uring_setup", syscall(SYS_io_uring_setup, 1, NULL));
  report("io_uring_enter", syscall(SYS_io_uring_enter, -1, 0, 0, 0, NULL, 0));
  report("io_uring_register", syscall(SYS_io_uring_register, -1, 0, NULL, 0));
  report("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0));
  report("init_module", syscall(SYS_init_module, NULL, 0, ""));
  report("finit_module", syscall(SYS_finit_module, -1, "", 0));
  report("personality", syscall(SYS_personality, ADDR_NO_RANDOMIZE | READ_IMPLIES_EXEC));
  report("syslog", syscall(SYS_syslog, 10, NULL, 0));
  report("acct", syscall(SYS_acct, NULL));
  report("swapoff", syscall(SYS_swapoff, "/"));
  report("quotactl", syscall(SYS_quotactl, 0, NULL, 0, NULL));
  report("settimeofday", syscall(SYS_settimeofday, NULL, NULL));
  report("process_vm_readv", syscall(SYS_process_vm_readv, 1, NULL, 0, NULL, 0, 0));
  report("tiocsti", ioctl(0, TIOCSTI, "x"));
  return 0;
}

// The socket families that exist for us: "FAMILY", or "FAMILY/PROTOCOL" of netlink.
static int show_sockets(void) {
  static const int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_RAW, SOCK_SEQPACKET};
  for (int family = 0; family < 64; ++family) {
    int found = 0;
    for (int i = 0; i < 4 && family != AF_NETLINK; ++i) found |= socket(family, types[i], 0) >= 0;
    if (found) printf("%d\n", family);
    for (int protocol = 0; protocol < 32 && family == AF_NETLINK; ++protocol)
      if (socket(family, SOCK_RAW, protocol) >= 0) printf("%d/%d\n", family, protocol);
  }
  return 0;
}

// Bytes pushed into a terminal, with the request number as it is and with bits that only the filter would see.
static int push_bytes(void) {
  int fds[4] = {0, 1, 2, open("/dev/tty", O_RDWR)};
  static const unsigned long requests[] = {TIOCSTI, TIOCSTI | 1UL << 32, TIOCSTI | 1UL << 63,
                                           0x541c, 0x541c | 1UL << 32};
  for (int i = 0; i < 4; ++i)
    for (size_t r = 0; r < sizeof requests / sizeof *requests; ++r)
      fprintf(stderr, "%d %lx %s\n", i, requests[r],
              word(syscall(SYS_ioctl, fds[i], requests[r], "X")));
  return 0;
}

// ---- Keys, terminals, limits. ----

enum { kSessionKeyring = -3, kKeyctlJoin = 1, kKeyctlSearch = 10 };

// A key in a session of our own, then a command.
static int with_key(char** argv) {
  if (syscall(SYS_keyctl, kKeyctlJoin, NULL) < 0 ||
      syscall(SYS_add_key, "user", argv[0], "secret", 6, kSessionKeyring) < 0)
    return 1;
  execvp(argv[1], argv + 1);
  return 127;
}

static int find_key(const char* name) {
  report("keyctl", syscall(SYS_keyctl, kKeyctlSearch, kSessionKeyring, "user", name, 0));
  return 0;
}

// As much of a thing as the kernel gives, and then some seconds of holding it.
static int exhaust(const char* what, int seconds) {
  unsigned long got = 0;
  while (got < 2000000) {
    const int fd = strcmp(what, "inotify") == 0 ? inotify_init1(0) : open("/dev/ptmx", O_RDWR);
    if (fd < 0) break;
    ++got;
  }
  printf("%lu %s\n", got, strerrorname_np(errno));
  fflush(stdout);
  sleep((unsigned)seconds);
  return 0;
}

// One echo to ourselves over a datagram socket, as ping does without privileges.
static int ping(void) {
  struct sockaddr_in self = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
  struct icmphdr echo = {.type = ICMP_ECHO};
  struct timeval patience = {.tv_sec = 2};
  const int fd = socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP);
  setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (sendto(fd, &echo, sizeof echo, 0, (struct sockaddr*)&self, sizeof self) > 0)
    report("ping", recv(fd, &echo, sizeof echo, 0));
  else
    report("ping", -1);
  return 0;
}

static int show_file(const char* path) {
  struct stat st;
  if (stat(path, &st) < 0) return printf("%s\n", strerrorname_np(errno)), 0;
  printf("%o %lu:%lu\n", st.st_mode & S_IFMT, (unsigned long)st.st_rdev >> 8,
         (unsigned long)st.st_rdev & 0xff);
  return 0;
}

static int try_open(const char* path, const char* mode) {
  report(path, open(path, (*mode == 'w' ? O_WRONLY : O_RDONLY) | O_NONBLOCK));
  return 0;
}

static int crash(void) {
  raise(SIGSEGV);
  return 0;
}

int main(int argc, char** argv) {
  const char* command = argc > 1 ? argv[1] : "";
  if (strcmp(command, "fds") == 0) return show_fds();
  if (strcmp(command, "watch") == 0 && argc == 3) return watch(atoi(argv[2]));
  if (strcmp(command, "overwrite") == 0 && argc == 3) return overwrite(atoi(argv[2]));
  if (strcmp(command, "tries") == 0) return try_calls();
  if (strcmp(command, "calls") == 0 && argc == 5)
    return show_calls(argv[2], atol(argv[3]), atol(argv[4]));
  if (strcmp(command, "sockets") == 0) return show_sockets();
  if (strcmp(command, "push") == 0) return push_bytes();
  if (strcmp(command, "with-key") == 0 && argc > 3) return with_key(argv + 2);
  if (strcmp(command, "find-key") == 0 && argc == 3) return find_key(argv[2]);
  if (strcmp(command, "exhaust") == 0 && argc == 4) return exhaust(argv[2], atoi(argv[3]));
  if (strcmp(command, "file") == 0 && argc == 3) return show_file(argv[2]);
  if (strcmp(command, "open") == 0 && argc == 4) return try_open(argv[2], argv[3]);
  if (strcmp(command, "ping") == 0) return ping();
  if (strcmp(command, "crash") == 0) return crash();
  fprintf(stderr, "probe: unknown command\n");
  return 2;
}
