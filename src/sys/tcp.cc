#include "sys/tcp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/strings.h"

namespace planet::sys {
namespace {

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

template <class T>
void put(Address& to, const T& address) {
  std::memcpy(&to.storage, &address, sizeof address);
  to.size = sizeof address;
}

Result<Address> address_of(const std::string& text, std::uint16_t port) {
  Address address;
  sockaddr_in four{};
  sockaddr_in6 six{};
  if (::inet_pton(AF_INET, text.c_str(), &four.sin_addr) == 1) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    put(address, four);
  } else if (::inet_pton(AF_INET6, text.c_str(), &six.sin6_addr) == 1) {
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    put(address, six);
  } else {
    return fail(Code::kInvalidArgument, quote(text) + " is not an address");
  }
  return address;
}

std::unexpected<Error> failed(int err, std::string what) {
  return std::unexpected(Error::from_errno(err, std::move(what)));
}

// What a call on a socket that never blocks returned.
Result<std::optional<std::size_t>> moved(ssize_t n, const char* call) {
  if (n >= 0) return static_cast<std::size_t>(n);
  if (errno == EAGAIN || errno == EINTR) return std::nullopt;
  return failed(errno, call);
}

}  // namespace

Result<UniqueFd> connect_tcp(const std::string& address, std::uint16_t port,
                             std::chrono::milliseconds limit) {
  TRY_SET(const Address to, address_of(address, port));
  const std::string what = "connect to " + address + " port " + std::to_string(port);
  UniqueFd socket(::socket(to.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return failed(errno, what);
  // Requests are written whole: nothing is won by waiting for more to send (tcp(7), TCP_NODELAY).
  const int on = 1;
  ::setsockopt(socket.borrow().get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket.borrow().get(), reinterpret_cast<const sockaddr*>(&to.storage), to.size) ==
      0)
    return socket;
  if (errno != EINPROGRESS && errno != EINTR) return failed(errno, what);
  TRY(wait_for(socket.borrow(), Ready::kToSend, limit), what);
  int err = 0;
  socklen_t size = sizeof err;
  if (::getsockopt(socket.borrow().get(), SOL_SOCKET, SO_ERROR, &err, &size) < 0) err = errno;
  if (err != 0) return failed(err, what);
  return socket;
}

Result<std::optional<std::size_t>> receive_some(BorrowedFd socket, std::span<char> buffer) {
  return moved(::recv(socket.get(), buffer.data(), buffer.size(), 0), "recv");
}

Result<std::optional<std::size_t>> send_some(BorrowedFd socket, std::string_view bytes) {
  return moved(::send(socket.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), "send");
}

Result<> wait_for(BorrowedFd socket, Ready ready, std::chrono::milliseconds limit) {
  using Clock = std::chrono::steady_clock;
  const auto end = Clock::now() + limit;
  while (true) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd one{.fd = socket.get(), .events = POLLIN, .revents = 0};
    if (ready == Ready::kToSend) one.events = POLLOUT;
    const int n = ::poll(&one, 1, static_cast<int>(std::max<std::int64_t>(left, 0)));
    if (n > 0) return {};
    if (n < 0 && errno != EINTR) return failed(errno, "poll");
    if (n == 0) return failed(ETIMEDOUT, "wait for the other side");
  }
}

bool is_quiet(BorrowedFd socket) {
  char byte = 0;
  return ::recv(socket.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

}  // namespace planet::sys
