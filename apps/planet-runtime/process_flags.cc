#include "process_flags.h"

#include <fcntl.h>

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"
#include "runtime/relay.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace planet::cli {
namespace {

constexpr int kFirst = 3;

unsigned number_in(const char* variable) {
  const char* text = ::getenv(variable);
  return text == nullptr ? 0 : parse_number<unsigned>(text, variable).value_or(0);
}

Result<> write_pid(const ProcessFlags& flags, pid_t pid) {
  if (flags.pid_file.empty()) return {};
  return sys::replace_file_at(sys::kCwd, flags.pid_file.c_str(), std::to_string(pid), 0644);
}

Result<> send_terminal(const ProcessFlags& flags, BorrowedFd master) {
  TRY_SET(const UniqueFd socket, sys::connect_stream(flags.console_socket), "--console-socket");
  const BorrowedFd fds[] = {master};
  return sys::send_message(socket.borrow(), "/dev/ptmx", fds);
}

}  // namespace

void add_process_flags(CLI::App& command, ProcessFlags& flags) {
  command.add_option("--console-socket", flags.console_socket,
                     "socket that is sent the terminal's master");
  command.add_option("--pid-file", flags.pid_file, "where to write the process id");
  command.add_option("--preserve-fds", flags.preserve_fds, "how many descriptors from 3 to pass");
}

unsigned listened_fds() {
  return number_in("LISTEN_PID") == static_cast<unsigned>(sys::own_pid()) ? number_in("LISTEN_FDS")
                                                                          : 0;
}

Result<std::vector<BorrowedFd>> inherited_fds(const ProcessFlags& flags, unsigned listened) {
  constexpr unsigned kMost = 4096;
  if (flags.preserve_fds > kMost || listened > kMost)
    return fail(Code::kInvalidArgument, "--preserve-fds " +
                                            std::to_string(std::max(flags.preserve_fds, listened)) +
                                            ": expected at most " + std::to_string(kMost));
  std::vector<BorrowedFd> fds;
  for (unsigned i = 0; i < flags.preserve_fds + listened; ++i) {
    const int fd = kFirst + static_cast<int>(i);
    if (!sys::is_inherited(BorrowedFd(fd)))
      return fail(Code::kInvalidArgument,
                  "descriptor " + std::to_string(fd) +
                      " is to be passed (--preserve-fds, LISTEN_FDS), but it "
                      "is not open");
    fds.emplace_back(fd);
  }
  return fds;
}

Result<> check_terminal(const ProcessFlags& flags, bool terminal) {
  if (terminal && flags.detach && flags.console_socket.empty())
    return fail(Code::kInvalidArgument,
                "process.terminal is true, and nobody is there to hold it: give --console-socket");
  if (!terminal && !flags.console_socket.empty())
    return fail(Code::kInvalidArgument,
                "--console-socket is given, but process.terminal is false: leave one of them out");
  return {};
}

std::optional<runtime::Stdio> own_stdio(bool terminal) {
  if (terminal) return std::nullopt;
  return runtime::Stdio{.in = BorrowedFd(0), .out = BorrowedFd(1), .err = BorrowedFd(2)};
}

Result<> hand_out(const ProcessFlags& flags, const runtime::Running& running) {
  if (!flags.console_socket.empty()) TRY(send_terminal(flags, running.terminal.borrow()));
  return write_pid(flags, running.init.pid());
}

Result<int> see_off(const ProcessFlags& flags, runtime::Running running, sys::SignalFd& signals) {
  const bool hold = flags.console_socket.empty();
  if (flags.detach) {
    (void)running.init.release();
    return 0;
  }
  runtime::Connections connections;
  if (hold && running.terminal.valid()) {
    connections.terminal = std::move(running.terminal);
    connections.caller_in = BorrowedFd(0);
    connections.caller_out = BorrowedFd(1);
  }
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(running.init, std::move(connections), signals));
  return status.shell_status();
}

}  // namespace planet::cli
