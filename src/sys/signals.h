// Signals as a descriptor, and waiting for descriptors.
//
// Source: signalfd(2), poll(2).
#pragma once

#include <poll.h>

#include <initializer_list>
#include <optional>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// Blocks signals and takes them from a descriptor instead. The mask before comes back with the destructor.
class SignalFd {
 public:
  // `signals` empty: every signal but those of faults and of job control (TSTP, TTIN, TTOU, CONT).
  static Result<SignalFd> open(std::initializer_list<int> signals = {});
  SignalFd(SignalFd&& other) noexcept;
  SignalFd& operator=(SignalFd&& other) = delete;
  SignalFd(const SignalFd&) = delete;
  SignalFd& operator=(const SignalFd&) = delete;
  ~SignalFd();

  BorrowedFd fd() const { return fd_.borrow(); }
  std::optional<int> take();  // the next pending signal, none if there is none

 private:
  SignalFd() = default;
  UniqueFd fd_;
  bool active_ = false;
  __sigset_t before_{};
};

// Every one that can be, for the program that this process becomes: what comes before it is ready then waits.
void block_signals();

// Whether the process was started with this signal ignored, as by nohup(1) or in the background of a script.
bool is_ignored(int signal);

// poll(2); `timeout_ms` < 0 waits for ever. EINTR counts as nothing ready.
Result<int> wait_ready(std::span<pollfd> fds, int timeout_ms);

// Number of a signal by name ("TERM", "SIGTERM", "sigterm", "RTMIN+3") or number; 0 if there is none.
int signal_number(std::string_view name);

}  // namespace planet::sys
