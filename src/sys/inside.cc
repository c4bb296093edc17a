#include "sys/inside.h"

#include "sys/process.h"
#include "sys/socket.h"

namespace planet::sys {
namespace {

constexpr std::size_t kMostText = 4096;

Result<UniqueFd> enter_and_make(BorrowedFd ns, int type,
                                const std::function<Result<UniqueFd>()>& make) {
  TRY(set_ns(ns, type));
  return make();
}

// The code stands in the first byte.
void answer(BorrowedFd socket, const Result<UniqueFd>& made) {
  if (!made) {
    const auto code = static_cast<char>(made.error().code());
    (void)send_message(socket, (code + made.error().to_string()).substr(0, kMostText));
    return;
  }
  const BorrowedFd lent[] = {made->borrow()};
  (void)send_message(socket, "it", lent);
}

}  // namespace

Result<UniqueFd> make_inside(BorrowedFd ns, int type,
                             const std::function<Result<UniqueFd>()>& make) {
  TRY_SET(auto ends, packet_socket_pair());
  TRY_SET(const Child child, clone_process({}));
  if (!child.valid()) {
    answer(ends.second.borrow(), enter_and_make(ns, type, make));
    exit_now(0);
  }
  ends.second.reset();
  TRY_SET(Message message, receive_message(ends.first.borrow(), kMostText));
  if (message.fds.size() == 1) return std::move(message.fds.front());
  if (message.bytes.empty())
    return fail(Code::kSystem, "the process that entered the other namespace was killed");
  return fail(static_cast<Code>(message.bytes.front()), message.bytes.substr(1));
}

}  // namespace planet::sys
