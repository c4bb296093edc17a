// The process of the conformance suite's containers: it answers questions from inside, as one line of JSON.
//
//   probe report [QUESTION...]     who and where am I, and the answers to QUESTIONs, in their order
//   probe hook FILE [QUESTION...]  what a hook got (its standard input, directory, environment), appended to FILE
//   probe ask [QUESTION...]        only the questions
//
// A QUESTION is `name` or `name=argument` and is the key of its answer. A system call that fails is {"errno": "EPERM"}.
// After the line was written: `hold` waits for SIGTERM (exits with 0) or SIGUSR1 (says so on a line of its own),
// `exit=N` exits with N, `sleep=MS` sleeps.
//
// Static, so that it runs in an empty root; no library but libc; no answer needs /proc unless its name says so.
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/un.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

// ---- JSON, written into one buffer so that the whole answer is one write(2) ----

static char text[1 << 20];
static size_t length;
static bool comma;

static void put(const char* s) {
  size_t n = strlen(s);
  if (length + n < sizeof text) {
    memcpy(text + length, s, n);
    length += n;
  }
}

static void put_string(const char* s, size_t n) {
  char escaped[8];
  put("\"");
  for (size_t i = 0; i < n; ++i) {
    unsigned char c = (unsigned char)s[i];
    if (c == '"' || c == '\\' || c < 0x20 || c > 0x7e)
      snprintf(escaped, sizeof escaped, "\\u%04x", c);
    else
      snprintf(escaped, sizeof escaped, "%c", c);
    put(escaped);
  }
  put("\"");
}

static void open_with(const char* bracket) {
  put(bracket);
  comma = false;
}
static void close_with(const char* bracket) {
  put(bracket);
  comma = true;
}
static void separate(void) {
  if (comma) put(",");
  comma = true;
}
static void key(const char* name) {
  separate();
  put_string(name, strlen(name));
  put(":");
}
static void value_string(const char* s) {
  separate();
  put_string(s, strlen(s));
}
static void number_text(long long n) {
  char s[32];
  snprintf(s, sizeof s, "%lld", n);
  put(s);
}
static void value_number(long long n) {
  separate();
  number_text(n);
}
static void string(const char* name, const char* s) {
  key(name);
  put_string(s, strlen(s));
}
static void number(const char* name, long long n) {
  key(name);
  number_text(n);
}
static void unsigned_number(const char* name, unsigned long long n) {
  char s[32];
  snprintf(s, sizeof s, "%llu", n);
  key(name);
  put(s);
}

static void errno_text(void) {
  const char* name = strerrorname_np(errno);
  put("{\"errno\":");
  put_string(name ? name : "?", strlen(name ? name : "?"));
  put("}");
}
// The answer of a question that is done or failed: "ok", or the errno.
static void outcome(const char* name, long result) {
  int saved = errno;
  key(name);
  errno = saved;
  if (result == -1)
    errno_text();
  else
    put("\"ok\"");
}

// ---- files ----

static ssize_t slurp(int fd, char* buffer, size_t size) {
  size_t have = 0;
  while (have < size) {
    ssize_t n = read(fd, buffer + have, size - have);
    if (n < 0) return -1;
    if (n == 0) break;
    have += (size_t)n;
  }
  return (ssize_t)have;
}

static void file_text(const char* name, const char* path) {
  static char buffer[1 << 18];
  int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  ssize_t n = fd < 0 ? -1 : slurp(fd, buffer, sizeof buffer);
  int saved = errno;
  key(name);
  errno = saved;
  if (n < 0)
    errno_text();
  else
    put_string(buffer, (size_t)n);
  if (fd >= 0) close(fd);
}

static void link_text(const char* name, const char* path) {
  char target[PATH_MAX];
  ssize_t n = readlink(path, target, sizeof target);
  int saved = errno;
  key(name);
  errno = saved;
  if (n < 0)
    errno_text();
  else
    put_string(target, (size_t)n);
}

static void stat_fields(const struct stat* s) {
  static const char* const kTypes[] = {"?", "fifo", "char", "?", "dir",    "?", "block", "?",
                                       "file", "?",    "link", "?", "socket", "?", "?",     "?"};
  open_with("{");
  string("type", kTypes[(s->st_mode & S_IFMT) >> 12]);
  number("mode", s->st_mode & 07777);
  number("uid", s->st_uid);
  number("gid", s->st_gid);
  number("size", s->st_size);
  unsigned_number("ino", s->st_ino);
  key("dev");
  open_with("[");
  value_number(major(s->st_dev));
  value_number(minor(s->st_dev));
  close_with("]");
  key("rdev");
  open_with("[");
  value_number(major(s->st_rdev));
  value_number(minor(s->st_rdev));
  close_with("]");
  close_with("}");
}

static void status_of(const char* name, const char* path) {
  struct stat s;
  int result = lstat(path, &s);
  int saved = errno;
  key(name);
  errno = saved;
  if (result != 0)
    errno_text();
  else
    stat_fields(&s);
}

static void statfs_of(const char* name, const char* path) {
  struct statfs s;
  int result = statfs(path, &s);
  int saved = errno;
  key(name);
  errno = saved;
  if (result != 0) {
    errno_text();
    return;
  }
  open_with("{");
  unsigned_number("type", (unsigned long long)s.f_type);
  unsigned_number("flags", (unsigned long long)s.f_flags);
  unsigned_number("bytes", (unsigned long long)s.f_bsize * s.f_blocks);
  unsigned_number("inodes", s.f_files);
  close_with("}");
}

static void list_of(const char* name, const char* path) {
  DIR* directory = opendir(path);
  int saved = errno;
  key(name);
  errno = saved;
  if (!directory) {
    errno_text();
    return;
  }
  open_with("[");
  for (struct dirent* entry; (entry = readdir(directory));)
    if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
      value_string(entry->d_name);
  close_with("]");
  closedir(directory);
}

// ---- what is reported without being asked ----

static void report_ids(void) {
  uid_t u[3];
  gid_t g[3];
  getresuid(&u[0], &u[1], &u[2]);
  getresgid(&g[0], &g[1], &g[2]);
  key("uids");
  open_with("[");
  for (int i = 0; i < 3; ++i) value_number(u[i]);
  value_number((uid_t)setfsuid((uid_t)-1));
  close_with("]");
  key("gids");
  open_with("[");
  for (int i = 0; i < 3; ++i) value_number(g[i]);
  value_number((gid_t)setfsgid((gid_t)-1));
  close_with("]");
  static gid_t groups[65536];
  int n = getgroups(65536, groups);
  key("groups");
  open_with("[");
  for (int i = 0; i < n; ++i) value_number(groups[i]);
  close_with("]");
  number("pid", getpid());
  number("ppid", getppid());
  number("pgid", getpgid(0));
  number("sid", getsid(0));
}

static void capability_set(const char* name, uint64_t set) {
  key(name);
  open_with("[");
  for (int i = 0; i < 64; ++i)
    if (set >> i & 1) value_number(i);
  close_with("]");
}

static void report_capabilities(void) {
  struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
  struct __user_cap_data_struct data[2] = {0};
  syscall(SYS_capget, &header, data);
  uint64_t bounding = 0, ambient = 0;
  for (int i = 0; i < 64; ++i) {
    if (prctl(PR_CAPBSET_READ, i, 0, 0, 0) == 1) bounding |= 1ull << i;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, i, 0, 0) == 1) ambient |= 1ull << i;
  }
  key("caps");
  open_with("{");
  capability_set("effective", data[0].effective | (uint64_t)data[1].effective << 32);
  capability_set("permitted", data[0].permitted | (uint64_t)data[1].permitted << 32);
  capability_set("inheritable", data[0].inheritable | (uint64_t)data[1].inheritable << 32);
  capability_set("bounding", bounding);
  capability_set("ambient", ambient);
  close_with("}");
  number("securebits", prctl(PR_GET_SECUREBITS, 0, 0, 0, 0));
  number("no_new_privs", prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0));
  number("dumpable", prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  int pdeathsig = 0, subreaper = 0;
  prctl(PR_GET_PDEATHSIG, &pdeathsig);
  prctl(PR_GET_CHILD_SUBREAPER, &subreaper);
  number("pdeathsig", pdeathsig);
  number("subreaper", subreaper);
}

static void report_limits(void) {
  static const char* const kNames[] = {"CPU",     "FSIZE",  "DATA",    "STACK",   "CORE",       "RSS",
                                       "NPROC",   "NOFILE", "MEMLOCK", "AS",      "LOCKS",      "SIGPENDING",
                                       "MSGQUEUE", "NICE",  "RTPRIO",  "RTTIME"};
  key("rlimits");
  open_with("{");
  for (int i = 0; i < 16; ++i) {
    struct rlimit64 l;
    if (getrlimit64((__rlimit_resource_t)i, &l) != 0) continue;
    key(kNames[i]);
    char pair[64];
    snprintf(pair, sizeof pair, "[%llu,%llu]", (unsigned long long)l.rlim_cur, (unsigned long long)l.rlim_max);
    put(pair);
  }
  close_with("}");
}

struct scheduling {  // sched_setattr(2)
  uint32_t size, policy;
  uint64_t flags;
  int32_t nice;
  uint32_t priority;
  uint64_t runtime, deadline, period;
};

static void report_scheduling(void) {
  struct scheduling s = {0};
  syscall(SYS_sched_getattr, 0, &s, sizeof s, 0);
  key("scheduler");
  open_with("{");
  number("policy", s.policy);
  number("flags", (long long)s.flags);
  number("nice", s.nice);
  number("priority", s.priority);
  number("runtime", (long long)s.runtime);
  number("deadline", (long long)s.deadline);
  number("period", (long long)s.period);
  close_with("}");
  long priority = syscall(SYS_ioprio_get, 1, 0);
  key("ioprio");
  open_with("[");
  value_number(priority >> 13);
  value_number(priority & 0x1fff);
  close_with("]");
  cpu_set_t set;
  CPU_ZERO(&set);
  sched_getaffinity(0, sizeof set, &set);
  key("cpus");
  open_with("[");
  for (int i = 0; i < CPU_SETSIZE; ++i)
    if (CPU_ISSET(i, &set)) value_number(i);
  close_with("]");
  number("personality", personality(0xffffffff));
}

static void report_descriptors(void) {
  key("fds");
  open_with("{");
  DIR* directory = opendir("/proc/self/fd");
  if (directory) {
    for (struct dirent* entry; (entry = readdir(directory));) {
      if (entry->d_name[0] == '.' || atoi(entry->d_name) == dirfd(directory)) continue;
      char path[PATH_MAX];
      snprintf(path, sizeof path, "/proc/self/fd/%s", entry->d_name);
      link_text(entry->d_name, path);
    }
    closedir(directory);
  }
  close_with("}");
}

static void report_terminal(void) {
  key("terminal");
  open_with("{");
  for (int fd = 0; fd < 3; ++fd) {
    char name[8];
    snprintf(name, sizeof name, "tty%d", fd);
    number(name, isatty(fd));
  }
  struct winsize size = {0};
  ioctl(0, TIOCGWINSZ, &size);
  number("rows", size.ws_row);
  number("columns", size.ws_col);
  number("foreground", tcgetpgrp(0));
  int fd = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
  outcome("dev_tty", fd);
  if (fd >= 0) close(fd);
  for (fd = 0; fd < 3; ++fd) {
    char name[8];
    snprintf(name, sizeof name, "fd%d", fd);
    struct stat s;
    key(name);
    if (fstat(fd, &s) != 0)
      errno_text();
    else
      stat_fields(&s);
  }
  close_with("}");
}

static void report_system(void) {
  struct utsname u;
  uname(&u);
  string("hostname", u.nodename);
  string("domainname", u.domainname);
  string("machine", u.machine);
  mode_t mask = umask(0);
  umask(mask);
  number("umask", mask);
  char path[PATH_MAX];
  string("cwd", getcwd(path, sizeof path) ? path : "");
  key("links");
  open_with("{");
  struct if_nameindex* links = if_nameindex();
  int s = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  for (struct if_nameindex* l = links; l && l->if_name; ++l) {
    struct ifreq request = {0};
    snprintf(request.ifr_name, sizeof request.ifr_name, "%.15s", l->if_name);
    ioctl(s, SIOCGIFFLAGS, &request);
    number(l->if_name, request.ifr_flags & IFF_UP);
  }
  close_with("}");
  if (links) if_freenameindex(links);
  if (s >= 0) close(s);
  sigset_t blocked;
  sigprocmask(SIG_BLOCK, NULL, &blocked);
  key("blocked");
  open_with("[");
  for (int i = 1; i < 65; ++i)
    if (sigismember(&blocked, i) == 1) value_number(i);
  close_with("]");
  key("ignored");
  open_with("[");
  for (int i = 1; i < 65; ++i) {
    struct sigaction action;
    if (sigaction(i, NULL, &action) == 0 && action.sa_handler == SIG_IGN) value_number(i);
  }
  close_with("]");
  long keyring = syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 0);
  number("keyring", keyring);
  char description[256] = "";
  syscall(SYS_keyctl, KEYCTL_DESCRIBE, keyring, description, sizeof description - 1);
  string("keyring_name", description);
  static const clockid_t kClocks[] = {CLOCK_MONOTONIC, CLOCK_BOOTTIME};
  static const char* const kClockNames[] = {"monotonic", "boottime"};
  for (int i = 0; i < 2; ++i) {
    struct timespec t = {0};
    clock_gettime(kClocks[i], &t);
    number(kClockNames[i], t.tv_sec);
  }
}

static void report_namespaces(void) {
  static const char* const kNames[] = {"cgroup", "ipc",  "mnt", "net", "pid",
                                       "time",   "user", "uts"};
  key("ns");
  open_with("{");
  for (size_t i = 0; i < sizeof kNames / sizeof *kNames; ++i) {
    char path[64];
    snprintf(path, sizeof path, "/proc/self/ns/%s", kNames[i]);
    link_text(kNames[i], path);
  }
  close_with("}");
}

static void words(const char* name, char** list) {
  key(name);
  open_with("[");
  for (; *list; ++list) value_string(*list);
  close_with("]");
}

extern char** environ;

static void report(char** argv) {
  words("args", argv);
  words("env", environ);
  report_ids();
  report_capabilities();
  report_limits();
  report_scheduling();
  report_terminal();
  report_descriptors();
  report_system();
  report_namespaces();
  file_text("mounts", "/proc/self/mountinfo");
  file_text("cgroup", "/proc/self/cgroup");
  file_text("status", "/proc/self/status");
  file_text("uid_map", "/proc/self/uid_map");
  file_text("gid_map", "/proc/self/gid_map");
  file_text("setgroups", "/proc/self/setgroups");
  file_text("oom_score_adj", "/proc/self/oom_score_adj");
  link_text("exe", "/proc/self/exe");
}

// ---- questions ----

static void ask_open(const char* question, char* argument) {  // open=MODE:PATH, MODE of r, w, c (create)
  int flags = O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
  char* path = strchr(argument, ':');
  *path++ = 0;
  flags |= strchr(argument, 'w') ? (strchr(argument, 'r') ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (strchr(argument, 'c')) flags |= O_CREAT;
  int fd = open(path, flags, 0644);
  outcome(question, fd);
  if (fd >= 0) close(fd);
}

static void ask_write(const char* question, char* argument) {  // write=PATH|TEXT
  char* content = strchr(argument, '|');
  *content++ = 0;
  int fd = open(argument, O_WRONLY | O_CLOEXEC | O_CREAT, 0644);
  outcome(question, fd < 0 ? -1 : write(fd, content, strlen(content)));
  if (fd >= 0) close(fd);
}

static void ask_mknod(const char* question, char* argument) {  // mknod=c:1:3
  char type = 0;
  unsigned a = 0, b = 0;
  sscanf(argument, "%c:%u:%u", &type, &a, &b);
  static const char* const kPath = "/tmp/.mknod";
  long result = mknod(kPath, (type == 'b' ? S_IFBLK : S_IFCHR) | 0600, makedev(a, b));
  outcome(question, result);
  unlink(kPath);
}

static long raw_call(char* argument) {  // NUMBER:a:b:c
  long v[7] = {0};
  int i = 0;
  for (char* word = strtok(argument, ":"); word && i < 7; word = strtok(NULL, ":"))
    v[i++] = (long)strtoull(word, NULL, 0);
  return syscall(v[0], v[1], v[2], v[3], v[4], v[5], v[6]);
}

static void ask_call(const char* question, char* argument) { outcome(question, raw_call(argument)); }

static void wait_status(const char* question, pid_t child) {
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  key(question);
  open_with("{");
  if (child < 0) string("fork", strerrorname_np(errno));
  if (WIFEXITED(status)) number("exit", WEXITSTATUS(status));
  if (WIFSIGNALED(status)) number("signal", WTERMSIG(status));
  close_with("}");
}

static void ask_child_call(const char* question, char* argument) {  // in a child: exit is the errno
  pid_t child = fork();
  if (child == 0) _exit(raw_call(argument) == -1 ? errno : 0);
  wait_status(question, child);
}

static void ask_run(const char* question, char* argument) {  // run=PATH: exit is the errno of execve, or its own
  pid_t child = fork();
  if (child == 0) {
    char* argv[] = {argument, (char*)"ask", NULL};
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) dup2(null, 1);
    execv(argument, argv);
    _exit(errno);
  }
  wait_status(question, child);
}

static void ask_spawn(const char* question, char* argument) {  // how many of N processes could be made
  int wanted = atoi(argument), made = 0;
  pid_t* children = calloc((size_t)wanted, sizeof *children);
  for (; made < wanted; ++made) {
    children[made] = fork();
    if (children[made] < 0) break;
    if (children[made] == 0) {
      pause();
      _exit(0);
    }
  }
  for (int i = 0; i < made; ++i) {
    kill(children[i], SIGKILL);
    waitpid(children[i], NULL, 0);
  }
  free(children);
  number(question, made);
}

static void ask_use(const char* question, char* argument) {  // a child touches N MiB of memory
  pid_t child = fork();
  if (child == 0) {
    size_t size = (size_t)atoi(argument) << 20;
    char* memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) _exit(errno);
    for (size_t i = 0; i < size; i += 4096) memory[i] = 1;
    _exit(0);
  }
  wait_status(question, child);
}

static void ask_notify(const char* question, char* argument) {  // one datagram to $NOTIFY_SOCKET
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  const char* path = getenv("NOTIFY_SOCKET");
  int s = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (!path) {
    errno = ENOENT;
    outcome(question, -1);
  } else {
    snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
    outcome(question,
            sendto(s, argument, strlen(argument), 0, (struct sockaddr*)&address, sizeof address));
  }
  close(s);
}

static void ask_descriptor(const char* question, char* argument) {  // fd=N: its text
  static char buffer[4096];
  ssize_t n = pread(atoi(argument), buffer, sizeof buffer, 0);
  if (n < 0 && errno == ESPIPE) n = read(atoi(argument), buffer, sizeof buffer);
  int saved = errno;
  key(question);
  errno = saved;
  if (n < 0)
    errno_text();
  else
    put_string(buffer, (size_t)n);
}

static void ask_mount(const char* question, char* argument) {  // mount=tmpfs:PATH, mount=bind:FROM:PATH
  char* type = strtok(argument, ":");
  char* from = strtok(NULL, ":");
  char* to = strtok(NULL, ":");
  outcome(question, to ? mount(from, to, NULL, MS_BIND, NULL) : mount(type, from, type, 0, NULL));
}

static void ask_question(char* question) {
  char argument[PATH_MAX] = "";
  char name[32] = "";
  const char* equals = strchr(question, '=');
  size_t n = equals ? (size_t)(equals - question) : strlen(question);
  memcpy(name, question, n < sizeof name ? n : sizeof name - 1);
  if (equals) snprintf(argument, sizeof argument, "%s", equals + 1);
#define IS(word) (strcmp(name, word) == 0)
  if (IS("stat")) status_of(question, argument);
  else if (IS("statfs")) statfs_of(question, argument);
  else if (IS("list")) list_of(question, argument);
  else if (IS("read")) file_text(question, argument);
  else if (IS("link")) link_text(question, argument);
  else if (IS("open")) ask_open(question, argument);
  else if (IS("write")) ask_write(question, argument);
  else if (IS("mknod")) ask_mknod(question, argument);
  else if (IS("mkdir")) outcome(question, mkdir(argument, 0755));
  else if (IS("unlink")) outcome(question, unlink(argument));
  else if (IS("umount")) outcome(question, umount2(argument, MNT_DETACH));
  else if (IS("mount")) ask_mount(question, argument);
  else if (IS("call")) ask_call(question, argument);
  else if (IS("child")) ask_child_call(question, argument);
  else if (IS("run")) ask_run(question, argument);
  else if (IS("spawn")) ask_spawn(question, argument);
  else if (IS("use")) ask_use(question, argument);
  else if (IS("notify")) ask_notify(question, argument);
  else if (IS("fd")) ask_descriptor(question, argument);
  else if (IS("signals")) number(question, kill(getpid(), 0));
#undef IS
}

static void flush(int fd) {
  put("\n");
  for (size_t done = 0; done < length;) {
    ssize_t n = write(fd, text + done, length - done);
    if (n <= 0) _exit(120);
    done += (size_t)n;
  }
  length = 0;
}

// ---- after the answers ----

static void hold(void) {
  sigset_t set;
  sigfillset(&set);
  sigprocmask(SIG_BLOCK, &set, NULL);
  for (;;) {
    int signal = 0;
    if (sigwait(&set, &signal) != 0 || signal == SIGTERM) _exit(0);
    if (signal == SIGCHLD) continue;
    open_with("{");
    number("signal", signal);
    close_with("}");
    flush(1);
  }
}

static void hook_input(void) {
  static char buffer[1 << 16];
  ssize_t n = slurp(0, buffer, sizeof buffer);
  key("stdin");
  put_string(buffer, n < 0 ? 0 : (size_t)n);
}

int main(int argc, char** argv) {
  const char* verb = argc > 1 ? argv[1] : "";
  int first = 2, out = 1;
  // Signals that arrive while the answers are made wait for `hold`.
  bool holds = false;
  for (int i = 2; i < argc; ++i) holds |= strcmp(argv[i], "hold") == 0;
  open_with("{");
  if (strcmp(verb, "hook") == 0 && argc > 2) {
    out = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
    hook_input();
    report(argv);
    first = 3;
  } else if (strcmp(verb, "report") == 0) {
    report(argv);
  }
  if (holds) {
    sigset_t set;
    sigfillset(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
  }
  for (int i = first; i < argc; ++i) ask_question(argv[i]);
  close_with("}");
  flush(out);
  for (int i = first; i < argc; ++i) {
    if (strcmp(argv[i], "hold") == 0) hold();
    if (strncmp(argv[i], "sleep=", 6) == 0) usleep((useconds_t)atoi(argv[i] + 6) * 1000);
    if (strncmp(argv[i], "exit=", 5) == 0) return atoi(argv[i] + 5);
  }
  return 0;
}
