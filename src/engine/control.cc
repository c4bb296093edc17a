#include "engine/control.h"

#include <signal.h>

#include <array>

#include "base/strings.h"
#include "runtime/raw_mode.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace planet::engine {
namespace {

constexpr std::size_t kMostMessage = 16384;

std::string to_hex(std::string_view bytes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4U];
    text += kDigits[static_cast<unsigned char>(c) & 15U];
  }
  return text;
}

void send_size(BorrowedFd keeper) {
  const auto size = sys::window_size(BorrowedFd(0));
  if (!size) return;
  (void)sys::send_message(
      keeper, "size " + std::to_string(size->ws_row) + " " + std::to_string(size->ws_col));
}

void pass_signals(BorrowedFd keeper, const AttachOptions& options, sys::SignalFd& signals) {
  while (const auto signal = signals.take()) {
    if (*signal == SIGWINCH && options.terminal) send_size(keeper);
    if (*signal == SIGCHLD || *signal == SIGPIPE || *signal == SIGURG || *signal == SIGWINCH)
      continue;
    if (options.pass_signals)
      (void)sys::send_message(keeper, "signal " + std::to_string(*signal));
    else if (!sys::is_ignored(*signal))
      sys::exit_now(128 + *signal);  // as the signal would; there is no terminal in raw mode then
  }
}

// The exit status, if that is what the keeper says.
Result<std::optional<int>> hear(const std::string& message, const AttachOptions& options) {
  if (message.starts_with("say ") && options.say) options.say(message.substr(4));
  if (!message.starts_with("exit ")) return std::optional<int>();
  TRY_SET(const int status, parse_number<int>(std::string_view(message).substr(5), "exit status"));
  return std::optional(status);
}

}  // namespace

std::string control_socket(const std::string& id) {
  return "keepers/" + id;
}

Result<UniqueFd> listen_for_clients(const Places& places, const std::string& id) {
  const std::string name = control_socket(id);
  constexpr mode_t kOwnerOnly = 0177;
  const mode_t before = sys::set_umask(kOwnerOnly);
  auto socket = sys::listen_at(places.run_dir.borrow(), name.c_str());
  if (!socket && socket.error().sys_errno() == EADDRINUSE) {
    (void)sys::unlink_at(places.run_dir.borrow(), name.c_str());
    socket = sys::listen_at(places.run_dir.borrow(), name.c_str());
  }
  sys::set_umask(before);
  return socket;
}

Result<UniqueFd> connect_to_keeper(const Places& places, const std::string& id) {
  auto socket = sys::connect_at(places.run_dir.borrow(), control_socket(id).c_str());
  if (!socket &&
      (socket.error().sys_errno() == ECONNREFUSED || socket.error().sys_errno() == ENOENT))
    return fail(Code::kNotFound, "nobody keeps the container");
  return socket;
}

Result<> ask(BorrowedFd keeper, std::string_view wish) {
  TRY(sys::send_message(keeper, wish));
  TRY_SET(const sys::Message answer, sys::receive_message(keeper, kMostMessage));
  if (answer.bytes.empty()) return fail(Code::kNotFound, "nobody keeps the container");
  if (answer.bytes == "ok") return {};
  return fail(Code::kSystem, answer.bytes.substr(std::min<std::size_t>(6, answer.bytes.size())));
}

Result<> ask_keeper(const Places& places, const std::string& id, std::string_view wish) {
  TRY_SET(const UniqueFd keeper, connect_to_keeper(places, id));
  return ask(keeper.borrow(), wish);
}

Result<> send_attach(BorrowedFd keeper, const AttachOptions& options) {
  std::string mode;
  std::vector<BorrowedFd> fds;
  const auto lend = [&](bool wanted, char letter, int fd) {
    if (!wanted) return;
    mode += letter;
    fds.emplace_back(fd);
  };
  lend(options.input, 'i', 0);
  lend(options.output, 'o', 1);
  lend(options.error, 'e', 2);
  return sys::send_message(keeper, "attach " + mode + " " + to_hex(options.detach_keys), fds);
}

Result<Ended> be_client(BorrowedFd keeper, const AttachOptions& options, sys::SignalFd& signals) {
  const bool raw = options.terminal && options.input && sys::is_terminal(BorrowedFd(0));
  const runtime::RawMode mode(raw ? std::optional(BorrowedFd(0)) : std::nullopt);
  if (options.terminal) send_size(keeper);
  while (true) {
    std::array<pollfd, 2> set = {pollfd{.fd = keeper.get(), .events = POLLIN, .revents = 0},
                                 pollfd{.fd = signals.fd().get(), .events = POLLIN, .revents = 0}};
    TRY(sys::wait_ready(set, -1));
    if (set[1].revents != 0) pass_signals(keeper, options, signals);
    if (set[0].revents == 0) continue;
    TRY_SET(const sys::Message message, sys::receive_message(keeper, kMostMessage));
    if (message.bytes.empty())
      return fail(Code::kSystem, "the container's keeper was killed, and so the container");
    if (message.bytes == "detached") return Ended{};
    TRY_SET(const std::optional<int> status, hear(message.bytes, options));
    if (status) return Ended{.status = status};
  }
}

}  // namespace planet::engine
