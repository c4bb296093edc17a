#include "sys/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include "sys/file.h"

namespace planet::sys {
namespace {

Result<> done(long result, const char* what) {
  if (result < 0) return std::unexpected(Error::from_errno(errno, what));
  return {};
}

}  // namespace

Result<TerminalPair> open_terminal(BorrowedFd devpts) {
  TRY_SET(UniqueFd master, open_at(devpts, "ptmx", O_RDWR | O_NOCTTY));
  int unlocked = 0;
  TRY(done(::ioctl(master.borrow().get(), TIOCSPTLCK, &unlocked), "ioctl TIOCSPTLCK"));
  const int slave = ::ioctl(master.borrow().get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
  TRY(done(slave, "ioctl TIOCGPTPEER"));
  return TerminalPair{.master = std::move(master), .slave = UniqueFd(slave)};
}

Result<> take_terminal(BorrowedFd slave) {
  return done(::ioctl(slave.get(), TIOCSCTTY, 0), "ioctl TIOCSCTTY");
}

bool is_terminal(BorrowedFd fd) {
  return ::isatty(fd.get()) == 1;
}

Result<winsize> window_size(BorrowedFd terminal) {
  winsize size{};
  TRY(done(::ioctl(terminal.get(), TIOCGWINSZ, &size), "ioctl TIOCGWINSZ"));
  return size;
}

Result<> set_window_size(BorrowedFd terminal, const winsize& size) {
  return done(::ioctl(terminal.get(), TIOCSWINSZ, &size), "ioctl TIOCSWINSZ");
}

Result<termios> terminal_modes(BorrowedFd terminal) {
  termios modes{};
  TRY(done(::tcgetattr(terminal.get(), &modes), "tcgetattr"));
  return modes;
}

Result<termios> set_raw_mode(BorrowedFd terminal) {
  termios before{};
  TRY(done(::tcgetattr(terminal.get(), &before), "tcgetattr"));
  termios raw = before;
  ::cfmakeraw(&raw);
  TRY(done(::tcsetattr(terminal.get(), TCSANOW, &raw), "tcsetattr"));
  return before;
}

Result<termios> set_no_echo(BorrowedFd terminal) {
  termios before{};
  TRY(done(::tcgetattr(terminal.get(), &before), "tcgetattr"));
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  TRY(done(::tcsetattr(terminal.get(), TCSAFLUSH, &silent), "tcsetattr"));
  return before;
}

Result<> restore_modes(BorrowedFd terminal, const termios& modes) {
  return done(::tcsetattr(terminal.get(), TCSANOW, &modes), "tcsetattr");
}

}  // namespace planet::sys
