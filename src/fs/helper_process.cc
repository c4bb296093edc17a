#include "fs/helper_process.h"

#include "base/strings.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace planet::fs {
namespace {

// The descriptor, or the error's code, errno and sentence.
void send_answer(BorrowedFd socket, const Result<UniqueFd>& made) {
  if (made) {
    const BorrowedFd fds[] = {made->borrow()};
    (void)sys::send_message(socket, "ok", fds);
    return;
  }
  const Error& error = made.error();
  (void)sys::send_message(socket, std::to_string(static_cast<int>(error.code())) + " " +
                                      std::to_string(error.sys_errno()) + " " + error.what());
}

Result<UniqueFd> receive_answer(BorrowedFd socket) {
  TRY_SET(sys::Message answer, sys::receive_message(socket, 4096));
  if (answer.fds.size() == 1) return std::move(answer.fds.front());
  const auto words = split(answer.bytes, ' ');
  if (words.size() < 3) return fail(Code::kInternal, "the helper process died");
  TRY_SET(const int code, parse_number<int>(words[0], "code"));
  TRY_SET(const int err, parse_number<int>(words[1], "errno"));
  const auto at = static_cast<std::size_t>(words[2].data() - answer.bytes.data());
  return std::unexpected(Error::from_wire(static_cast<Code>(code), err, answer.bytes.substr(at)));
}

}  // namespace

Result<UniqueFd> make_in_process(std::uint64_t flags,
                                 const std::function<Result<UniqueFd>()>& make) {
  TRY_SET(auto sockets, sys::packet_socket_pair());
  TRY_SET(sys::Child child, sys::clone_process({.flags = flags, .cgroup = std::nullopt}));
  if (!child.valid()) {
    send_answer(sockets.second.borrow(), make());
    sys::exit_now(0);
  }
  sockets.second.reset();  // so that a child which dies is seen
  return receive_answer(sockets.first.borrow());
}

}  // namespace planet::fs
