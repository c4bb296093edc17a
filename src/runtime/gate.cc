#include "runtime/gate.h"

#include <signal.h>

#include <array>

#include "runtime/handshake.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/signals.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

// Those whose default is to be ignored, or to stop: signal(7).
bool is_harmless(int signal) {
  return signal == SIGCHLD || signal == SIGURG || signal == SIGWINCH || signal == SIGCONT ||
         signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
}

void end_by_signal(sys::SignalFd& signals) {
  constexpr int kSignalled = 128;
  while (const auto signal = signals.take())
    if (!is_harmless(*signal)) sys::exit_now(kSignalled + *signal);
}

}  // namespace

Result<UniqueFd> wait_at_gate(BorrowedFd listener) {
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  while (true) {
    std::array<pollfd, 2> set{};
    set[0] = {.fd = listener.get(), .events = POLLIN, .revents = 0};
    set[1] = {.fd = signals.fd().get(), .events = POLLIN, .revents = 0};
    TRY(sys::wait_ready(set, -1));
    if (set[1].revents != 0) end_by_signal(signals);
    if (set[0].revents != 0) return sys::accept_one(listener);
  }
}

Result<> open_gate(BorrowedFd dir) {
  auto connection = sys::connect_at(dir, kGateName);
  if (!connection) return fail(Code::kWrongState, "it does not wait to be started");
  ParentTalk talk(*std::move(connection), {}, nullptr);
  TRY(talk.wait_for_exec());
  return sys::unlink_at(dir, kGateName);
}

}  // namespace planet::runtime
