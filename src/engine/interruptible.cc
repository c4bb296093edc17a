#include "engine/interruptible.h"

#include <signal.h>

#include <array>
#include <cstdio>
#include <optional>

#include "sys/process.h"
#include "sys/signals.h"

namespace planet::engine {
namespace {

// The signal that came before the child ended; none if it ended by itself.
std::optional<int> wait_for_signal(const sys::Child& child, sys::SignalFd& signals) {
  std::array<pollfd, 2> fds = {pollfd{.fd = child.pidfd().get(), .events = POLLIN, .revents = 0},
                               pollfd{.fd = signals.fd().get(), .events = POLLIN, .revents = 0}};
  while (true) {
    if (!sys::wait_ready(fds, -1)) return std::nullopt;
    if (fds[0].revents != 0) return std::nullopt;
    while (const auto signal = signals.take())
      if (!sys::is_ignored(*signal)) return signal;
  }
}

}  // namespace

int run_interruptibly(const std::function<int()>& work, const std::function<void()>& tidy) {
  std::fflush(nullptr);  // or both would write what is buffered
  // Before there is a child: a signal that came in between would end this process alone.
  std::optional<sys::SignalFd> signals;
  if (auto opened = sys::SignalFd::open({SIGINT, SIGTERM, SIGHUP, SIGQUIT}))
    signals.emplace(*std::move(opened));
  auto child = sys::clone_process({});
  if (!child || !child->valid()) signals.reset();
  if (!child) return work();
  if (!child->valid()) {
    (void)sys::set_parent_death_signal(SIGKILL);
    const int status = work();
    std::fflush(nullptr);
    sys::exit_now(status);
  }
  const auto signal = signals ? wait_for_signal(*child, *signals) : std::nullopt;
  if (signal) (void)child->send_signal(SIGKILL);
  const auto ended = child->wait();
  constexpr int kSignalled = 128;
  if (signal) {
    tidy();
    return kSignalled + *signal;
  }
  return ended ? ended->shell_status() : 1;
}

}  // namespace planet::engine
