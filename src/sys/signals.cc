#include "sys/signals.h"

#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <string>
#include <utility>

namespace planet::sys {
namespace {

sigset_t most_signals() {
  sigset_t set;
  sigfillset(&set);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP, SIGSYS, SIGTSTP,
                           SIGTTIN, SIGTTOU, SIGCONT})
    sigdelset(&set, signal);
  return set;
}

std::optional<int> parse_int(std::string_view text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

int realtime_number(std::string_view name) {
  const bool from_min = name.starts_with("RTMIN");
  if (!from_min && !name.starts_with("RTMAX")) return 0;
  const int edge = from_min ? SIGRTMIN : SIGRTMAX;
  std::string_view offset = name.substr(5);
  if (offset.empty()) return edge;
  if (offset.front() == '+') offset.remove_prefix(1);
  const auto distance = parse_int(offset);
  const int number = distance ? edge + *distance : 0;
  return number >= SIGRTMIN && number <= SIGRTMAX ? number : 0;
}

}  // namespace

Result<SignalFd> SignalFd::open(std::initializer_list<int> signals) {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : signals) sigaddset(&set, signal);
  if (signals.size() == 0) set = most_signals();
  SignalFd out;
  if (::sigprocmask(SIG_BLOCK, &set, &out.before_) < 0)
    return std::unexpected(Error::from_errno(errno, "sigprocmask"));
  out.active_ = true;
  out.fd_ = UniqueFd(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!out.fd_.valid()) return std::unexpected(Error::from_errno(errno, "signalfd"));
  return out;
}

SignalFd::SignalFd(SignalFd&& other) noexcept
    : fd_(std::move(other.fd_)),
      active_(std::exchange(other.active_, false)),
      before_(other.before_) {}

SignalFd::~SignalFd() {
  if (active_) ::sigprocmask(SIG_SETMASK, &before_, nullptr);
}

std::optional<int> SignalFd::take() {
  signalfd_siginfo info{};
  if (::read(fd_.borrow().get(), &info, sizeof info) != static_cast<ssize_t>(sizeof info))
    return std::nullopt;
  return static_cast<int>(info.ssi_signo);
}

bool is_ignored(int signal) {
  struct sigaction action{};
  return ::sigaction(signal, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

Result<int> wait_ready(std::span<pollfd> fds, int timeout_ms) {
  const int ready = ::poll(fds.data(), fds.size(), timeout_ms);
  if (ready >= 0) return ready;
  if (errno == EINTR) return 0;
  return std::unexpected(Error::from_errno(errno, "poll"));
}

void block_signals() {
  sigset_t all;
  ::sigfillset(&all);
  ::sigprocmask(SIG_SETMASK, &all, nullptr);
}

int signal_number(std::string_view name) {
  if (const auto number = parse_int(name)) return *number > 0 && *number <= SIGRTMAX ? *number : 0;
  std::string upper(name);
  std::ranges::transform(upper, upper.begin(),
                         [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  std::string_view word = upper;
  if (word.starts_with("SIG")) word.remove_prefix(3);
  for (int number = 1; number < SIGRTMIN; ++number) {
    const char* known = ::sigabbrev_np(number);
    if (known != nullptr && word == known) return number;
  }
  return realtime_number(word);
}

}  // namespace planet::sys
