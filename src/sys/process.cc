#include "sys/process.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/nsfs.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <climits>
#include <cstdio>
#include <ctime>

#include "base/strings.h"
#include "sys/call_error.h"
#include "sys/capability.h"
#include "sys/file.h"

namespace planet::sys {
namespace {

// Source: keyctl(2). <linux/keyctl.h> is not needed for one constant.
constexpr int kKeyctlJoinSessionKeyring = 1;

Result<> done(long result, const char* what) {
  if (result < 0) return std::unexpected(Error::from_errno(errno, what));
  return {};
}

std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

long clone_without_clone3(std::uint64_t flags, int* pidfd) {
  return ::syscall(SYS_clone, static_cast<unsigned long>(flags | SIGCHLD | CLONE_PIDFD), nullptr,
                   pidfd, nullptr, 0L);
}

// user_namespaces(7); ENOSPC also when 32 are nested.
Error clone_error(int err, std::uint64_t flags) {
  if ((flags & CLONE_NEWUSER) == 0) return Error::from_errno(err, "clone3");
  if (err == ENOSPC)
    return Error(Code::kNoPrivateUsers,
                 "the sysctl user.max_user_namespaces allows no further user namespace");
  return Error::from_wire(Code::kNoPrivateUsers, err, "clone3 CLONE_NEWUSER");
}

}  // namespace

Child& Child::operator=(Child&& other) noexcept {
  if (this != &other) {
    end();
    pid_ = std::exchange(other.pid_, 0);
    pidfd_ = std::move(other.pidfd_);
  }
  return *this;
}

void Child::end() noexcept {
  if (pid_ <= 0) return;
  const int saved = errno;
  (void)send_signal(SIGKILL);
  (void)wait();
  errno = saved;
}

Result<> Child::send_signal(int signal) const {
  // A child that is not reaped keeps its number, so where a filter hides the first call the second is as good.
  if (::syscall(SYS_pidfd_send_signal, pidfd_.borrow().get(), signal, nullptr, 0) == 0) return {};
  return done(::kill(pid_, signal), "kill");
}

Result<ExitStatus> Child::wait() {
  siginfo_t info{};
  int result = -1;
  do result = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | __WALL);
  while (result < 0 && errno == EINTR);
  pid_ = 0;
  if (result < 0) return std::unexpected(Error::from_errno(errno, "waitid"));
  return ExitStatus{.signalled = info.si_code != CLD_EXITED, .value = info.si_status};
}

Result<Child> clone_process(const CloneRequest& request) {
  int pidfd = -1;
  clone_args args{};
  args.flags = request.flags | CLONE_PIDFD;
  args.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
  args.exit_signal = (request.flags & CLONE_PARENT) != 0 ? 0 : SIGCHLD;
  if (request.cgroup) {
    args.flags |= CLONE_INTO_CGROUP;
    args.cgroup = static_cast<__u64>(request.cgroup->get());
  }
  long pid = ::syscall(SYS_clone3, &args, sizeof args);
  // Filters that cannot see into clone3's arguments answer ENOSYS, old ones EPERM.
  if (pid < 0 && (errno == ENOSYS || errno == EPERM) && !request.cgroup)
    pid = clone_without_clone3(request.flags, &pidfd);
  if (pid < 0) return std::unexpected(clone_error(errno, request.flags));
  if (pid == 0) return Child();
  return Child(static_cast<pid_t>(pid), UniqueFd(pidfd));
}

bool has_clone3() {
  // No arguments are too few (EINVAL), if somebody looks at them.
  return ::syscall(SYS_clone3, nullptr, 0) < 0 && errno != ENOSYS && errno != EPERM;
}

pid_t own_pid() {
  return ::getpid();
}

uid_t own_user() {
  return ::geteuid();
}

gid_t own_group() {
  return ::getegid();
}

Result<UniqueFd> open_pidfd(pid_t pid) {
  const long fd = ::syscall(SYS_pidfd_open, pid, 0);
  if (fd < 0)
    return std::unexpected(call_error(errno, "pidfd_open", "pidfd_open " + std::to_string(pid)));
  return UniqueFd(static_cast<int>(fd));
}

Result<pid_t> pid_of(BorrowedFd pidfd) {
  const std::string path = "/proc/self/fdinfo/" + std::to_string(pidfd.get());
  TRY_SET(const std::string text, read_file_at(kCwd, path.c_str()));
  constexpr std::string_view kKey = "\nPid:\t";
  const std::size_t at = text.find(kKey);
  if (at == std::string::npos) return fail(Code::kCorrupt, path + " is not that of a pidfd");
  const std::string_view rest = std::string_view(text).substr(at + kKey.size());
  TRY_SET(const pid_t pid, parse_number<pid_t>(rest.substr(0, rest.find('\n')), "pid"));
  if (pid <= 0) return fail(Code::kNotFound, "the process has ended");
  return pid;
}

std::optional<std::uint64_t> start_ticks(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const auto text = read_file_at(kCwd, path.c_str());
  if (!text) return std::nullopt;
  // The name in field 2 may hold anything, also blanks and brackets: fields are counted from its end.
  const std::size_t end = text->rfind(')');
  if (end == std::string::npos) return std::nullopt;
  const auto fields = split(std::string_view(*text).substr(end + 2), ' ');
  constexpr std::size_t kStartTime = 22 - 3;
  if (fields.size() <= kStartTime) return std::nullopt;
  // A zombie has ended; that nobody has waited for it yet is not its life.
  if (fields.front() == "Z" || fields.front() == "X") return std::nullopt;
  const auto ticks = parse_number<std::uint64_t>(fields[kStartTime], "start time");
  return ticks ? std::optional(*ticks) : std::nullopt;
}

Result<> send_signal(BorrowedFd pidfd, int signal) {
  constexpr const char* kCall = "pidfd_send_signal";
  if (::syscall(SYS_pidfd_send_signal, pidfd.get(), signal, nullptr, 0) < 0)
    return std::unexpected(call_error(errno, kCall, kCall));
  return {};
}

void kill_group(pid_t leader) {
  ::kill(-leader, SIGKILL);
}

Result<> unshare(int flags) {
  return done(::unshare(flags), "unshare");
}
Result<> set_ns(BorrowedFd fd, int flags) {
  return done(::setns(fd.get(), flags), "setns");
}

Result<std::uint64_t> namespace_type(BorrowedFd file) {
  const int flag = ::ioctl(file.get(), NS_GET_NSTYPE);
  if (flag < 0) return std::unexpected(Error::from_errno(errno, "ioctl NS_GET_NSTYPE"));
  return static_cast<std::uint64_t>(flag);
}

Result<> set_parent_death_signal(int signal) {
  return done(::prctl(PR_SET_PDEATHSIG, signal, 0, 0, 0), "prctl PR_SET_PDEATHSIG");
}

Result<> set_dumpable(bool on) {
  return done(::prctl(PR_SET_DUMPABLE, on ? 1 : 0, 0, 0, 0), "prctl PR_SET_DUMPABLE");
}

Result<> set_no_new_privs() {
  return done(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "prctl PR_SET_NO_NEW_PRIVS");
}

Result<> set_keep_caps(bool on) {
  return done(::prctl(PR_SET_KEEPCAPS, on ? 1 : 0, 0, 0, 0), "prctl PR_SET_KEEPCAPS");
}

Result<> set_name(const char* name) {
  return done(::prctl(PR_SET_NAME, name), "prctl PR_SET_NAME");
}

// The raw calls: glibc's wrappers signal all threads, and we have one.
Result<> set_groups(const std::vector<gid_t>& groups) {
  return done(::syscall(SYS_setgroups, groups.size(), groups.data()), "setgroups");
}

Result<> set_ids(uid_t uid, gid_t gid) {
  TRY(done(::syscall(SYS_setresgid, gid, gid, gid), "setresgid"));
  return done(::syscall(SYS_setresuid, uid, uid, uid), "setresuid");
}

Result<> set_file_ids(uid_t uid, gid_t gid) {
  // The calls answer with the old id, whether they took the new one or not: asked again, they say which it is.
  constexpr uid_t kAsk = ~uid_t{0};
  TRY_SET(const CapabilitySet permitted, permitted_capabilities());
  ::setfsgid(gid);
  ::setfsuid(uid);
  if (static_cast<gid_t>(::setfsgid(kAsk)) != gid || static_cast<uid_t>(::setfsuid(kAsk)) != uid)
    return std::unexpected(Error::from_errno(EPERM, "setfsuid " + std::to_string(uid)));
  return set_capabilities(permitted, permitted, 0);
}

mode_t set_umask(mode_t mask) {
  return ::umask(mask);
}

Result<> new_session() {
  return done(::setsid(), "setsid");
}

Result<> join_new_session_keyring() {
  const long result = ::syscall(SYS_keyctl, kKeyctlJoinSessionKeyring, nullptr, 0, 0, 0);
  if (result < 0 && errno == ENOSYS) return {};
  return done(result, "keyctl KEYCTL_JOIN_SESSION_KEYRING");
}

Result<> set_host_name(const std::string& name) {
  return done(::sethostname(name.data(), name.size()), "sethostname");
}

Result<> set_domain_name(const std::string& name) {
  return done(::setdomainname(name.data(), name.size()), "setdomainname");
}

Result<> change_dir(BorrowedFd dir) {
  return done(::fchdir(dir.get()), "fchdir");
}

Result<std::string> current_dir() {
  std::array<char, PATH_MAX> path{};
  // The raw call: it says "(unreachable)" where glibc would hide it behind ENOENT.
  if (::syscall(SYS_getcwd, path.data(), path.size()) < 0)
    return std::unexpected(Error::from_errno(errno, "getcwd"));
  return std::string(path.data());
}

Result<> close_on_exec_from(unsigned first) {
  if (::syscall(SYS_close_range, first, ~0U, CLOSE_RANGE_CLOEXEC) == 0) return {};
  if (errno != ENOSYS && errno != EPERM)
    return std::unexpected(Error::from_errno(errno, "close_range"));
  // Hidden by a filter; this takes a tenth of a second. Every number is tried, because /proc may be the container's here and could lie. The limit can
  // be lower by now than the numbers that are open, hence the kernel's own (fs.nr_open's default).
  constexpr unsigned kMostFiles = 1U << 20;
  for (unsigned fd = first; fd < kMostFiles; ++fd)
    ::fcntl(static_cast<int>(fd), F_SETFD, FD_CLOEXEC);
  return {};
}

Result<> place_fd(BorrowedFd fd, int number) {
  if (fd.get() == number) return set_inherited(fd);
  return done(::dup2(fd.get(), number), "dup2");
}

Result<> set_inherited(BorrowedFd fd) {
  return done(::fcntl(fd.get(), F_SETFD, 0), "fcntl F_SETFD");
}

bool is_inherited(BorrowedFd fd) {
  const int flags = ::fcntl(fd.get(), F_GETFD);
  return flags >= 0 && (flags & FD_CLOEXEC) == 0;
}

Result<> set_rlimit(pid_t pid, int resource, rlim_t soft, rlim_t hard) {
  const rlimit limit{.rlim_cur = soft, .rlim_max = hard};
  return done(::prlimit(pid, static_cast<__rlimit_resource>(resource), &limit, nullptr), "prlimit");
}

void reset_signals() {
  sigset_t none;
  sigemptyset(&none);
  for (int signal = 1; signal < SIGRTMAX; ++signal) {
    struct sigaction action{};
    if (::sigaction(signal, nullptr, &action) == 0 && action.sa_handler != SIG_DFL) {
      action = {};
      action.sa_handler = SIG_DFL;
      ::sigaction(signal, &action, nullptr);
    }
  }
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

int execute(const char* path, const std::vector<std::string>& args,
            const std::vector<std::string>& env) {
  ::execve(path, pointers(args).data(), pointers(env).data());
  return errno;
}

int execute_fd(BorrowedFd file, const std::vector<std::string>& args,
               const std::vector<std::string>& env) {
  ::syscall(SYS_execveat, file.get(), "", pointers(args).data(), pointers(env).data(),
            AT_EMPTY_PATH);
  return errno;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> entries;
  for (char** entry = ::environ; entry != nullptr && *entry != nullptr; ++entry)
    entries.emplace_back(*entry);
  return entries;
}

void exit_now(int status) {
  ::_exit(status);
}

std::int64_t monotonic_ns() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec;
}

std::string now_text() {
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  // Not gmtime_r or strftime, which read the local time zone first.
  const std::chrono::sys_seconds seconds{std::chrono::seconds(now.tv_sec)};
  const auto day = std::chrono::floor<std::chrono::days>(seconds);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss time(seconds - day);
  std::array<char, 80> text{};
  std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%09ldZ",
                static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                static_cast<unsigned>(date.day()), static_cast<int>(time.hours().count()),
                static_cast<int>(time.minutes().count()), static_cast<int>(time.seconds().count()),
                now.tv_nsec);
  return text.data();
}

void sleep_ms(int milliseconds) {
  const timespec time{.tv_sec = milliseconds / 1000,
                      .tv_nsec = std::int64_t{milliseconds % 1000} * 1'000'000};
  ::nanosleep(&time, nullptr);
}

}  // namespace planet::sys
