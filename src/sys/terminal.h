// Pseudoterminals and the terminal of the caller.
//
// Source: pts(4), ioctl_tty(2), termios(3).
#pragma once

#include <sys/ioctl.h>
#include <termios.h>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// A new pair on the devpts whose root directory is `devpts`. The slave is opened through the master
// (TIOCGPTPEER), never by a path.
struct TerminalPair {
  UniqueFd master, slave;
};
Result<TerminalPair> open_terminal(BorrowedFd devpts);

// The slave becomes the controlling terminal of the calling session leader.
Result<> take_terminal(BorrowedFd slave);

bool is_terminal(BorrowedFd fd);
Result<winsize> window_size(BorrowedFd terminal);
Result<> set_window_size(BorrowedFd terminal, const winsize& size);

Result<termios> terminal_modes(BorrowedFd terminal);

// The modes before the change, to be restored with restore_modes.
Result<termios> set_raw_mode(BorrowedFd terminal);
// What is typed is not shown, as for a password.
Result<termios> set_no_echo(BorrowedFd terminal);
Result<> restore_modes(BorrowedFd terminal, const termios& modes);

}  // namespace planet::sys
