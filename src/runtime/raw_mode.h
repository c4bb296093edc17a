// The caller's terminal in raw mode, as long as this lives: its modes are restored on every way out but SIGKILL.
#pragma once

#include <optional>

#include "base/unique_fd.h"
#include "sys/terminal.h"

namespace planet::runtime {

class RawMode {
 public:
  // Without a terminal, or one that refuses, it does nothing.
  explicit RawMode(std::optional<BorrowedFd> terminal) : terminal_(terminal) {
    if (!terminal_) return;
    if (auto before = sys::set_raw_mode(*terminal_))
      before_ = *before;
    else
      terminal_.reset();
  }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;
  RawMode(RawMode&&) = delete;
  RawMode& operator=(RawMode&&) = delete;
  ~RawMode() {
    if (terminal_) (void)sys::restore_modes(*terminal_, before_);
  }

  bool active() const { return terminal_.has_value(); }
  void follow_size(BorrowedFd master) const {
    if (!terminal_) return;
    if (const auto size = sys::window_size(*terminal_)) (void)sys::set_window_size(master, *size);
  }

 private:
  std::optional<BorrowedFd> terminal_;
  termios before_{};
};

}  // namespace planet::runtime
