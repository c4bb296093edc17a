// Processes: clone3, pidfds, waiting, and what a process says about itself.
//
// Source: clone(2), pidfd_open(2), pidfd_send_signal(2), waitid(2), prctl(2), close_range(2).
#pragma once

#include <sched.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// How a process ended. A signal n is reported by shells and engines as status 128 + n.
struct ExitStatus {
  bool signalled = false;
  int value = 0;  // exit status, or the signal
  int shell_status() const { return signalled ? 128 + value : value; }
};

// A child process of ours, held by its pidfd. The destructor kills and reaps it unless released.
class [[nodiscard]] Child {
 public:
  Child() = default;
  Child(pid_t pid, UniqueFd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
  Child(Child&& other) noexcept
      : pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}
  Child& operator=(Child&& other) noexcept;
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() { end(); }

  pid_t pid() const { return pid_; }
  BorrowedFd pidfd() const { return pidfd_.borrow(); }
  bool valid() const { return pid_ > 0; }

  // Works where pidfd_send_signal(2) is hidden, too.
  Result<> send_signal(int signal) const;

  // Waits for the end and reaps. Afterwards the object is empty.
  Result<ExitStatus> wait();

  // Gives up ownership: the process goes on and somebody else reaps it.
  pid_t release() { return std::exchange(pid_, 0); }

 private:
  void end() noexcept;

  pid_t pid_ = 0;
  UniqueFd pidfd_;
};

// clone3(2) without CLONE_VM, in the manner of fork(2): an empty Child is returned in the new process.
// `cgroup`, a cgroup v2 directory, is entered by CLONE_INTO_CGROUP. clone3 is older than every kernel we
// support, but a seccomp filter may hide it (ENOSYS): then clone(2) is used, and a `cgroup` is refused.
// Errors: kUnsupported - a cgroup was given and there is no clone3; kNoPrivateUsers - with CLONE_NEWUSER.
struct CloneRequest {
  std::uint64_t flags = 0;  // CLONE_NEW*, CLONE_PARENT
  std::optional<BorrowedFd> cgroup;
};
Result<Child> clone_process(const CloneRequest& request);
bool has_clone3();

pid_t own_pid();
uid_t own_user();   // effective
gid_t own_group();  // effective

// Errors: kNotFound - no such process; kUnsupported - the call is hidden.
Result<UniqueFd> open_pidfd(pid_t pid);

// The process behind a pidfd, as our pid namespace numbers it (proc(5), fdinfo "Pid:").
// Errors: kNotFound - it is gone.
Result<pid_t> pid_of(BorrowedFd pidfd);

// Start time of a process in clock ticks since boot: proc(5), /proc/PID/stat, field 22. None if it has ended.
std::optional<std::uint64_t> start_ticks(pid_t pid);

// To any process, so never by number: it may be another's by now.
// Errors: kUnsupported - the call is hidden.
Result<> send_signal(BorrowedFd pidfd, int signal);
void kill_group(
    pid_t leader);  // SIGKILL to the process group of a child of ours that has not been waited for

Result<> unshare(int flags);                            // CLONE_NEW*
Result<> set_ns(BorrowedFd fd, int flags);              // a namespace file or a pidfd
Result<std::uint64_t> namespace_type(BorrowedFd file);  // CLONE_NEW*: ioctl_ns(2), NS_GET_NSTYPE

// prctl(2)
Result<> set_parent_death_signal(int signal);
Result<> set_dumpable(bool on);
Result<> set_no_new_privs();
Result<> set_keep_caps(bool on);
Result<> set_name(const char* name);  // as ps(1) shows the thread, 15 bytes

Result<> set_groups(const std::vector<gid_t>& groups);
Result<> set_ids(uid_t uid, gid_t gid);  // real, effective and saved; the group first
// setfsuid(2), setfsgid(2): whose new files of this thread are. Its capabilities stay, which the kernel else takes away with
// user 0.
Result<> set_file_ids(uid_t uid, gid_t gid);
mode_t set_umask(mode_t mask);
Result<> new_session();               // setsid(2)
Result<> join_new_session_keyring();  // keyctl(2); a kernel without keys is no error

Result<> set_host_name(const std::string& name);
Result<> set_domain_name(const std::string& name);

Result<> change_dir(BorrowedFd dir);
Result<std::string> current_dir();

// Marks every descriptor from `first` on close-on-exec.
Result<> close_on_exec_from(unsigned first);

// Makes `fd` available as `number` and inherited by exec.
Result<> place_fd(BorrowedFd fd, int number);
Result<> set_inherited(BorrowedFd fd);
bool is_inherited(BorrowedFd fd);  // open, and stays open over exec

Result<> set_rlimit(pid_t pid, int resource, rlim_t soft, rlim_t hard);

// Back to the default action of every signal, and none blocked: what a new program expects.
void reset_signals();

// execve(2); returns only on failure, with errno as the value.
int execute(const char* path, const std::vector<std::string>& args,
            const std::vector<std::string>& env);
int execute_fd(BorrowedFd file, const std::vector<std::string>& args,
               const std::vector<std::string>& env);

// environ(7) of this process, each NAME=VALUE.
std::vector<std::string> own_environment();

[[noreturn]] void exit_now(int status);  // _exit(2)

std::int64_t monotonic_ns();
std::string now_text();  // RFC 3339, UTC, with nanoseconds
void sleep_ms(int milliseconds);

}  // namespace planet::sys
