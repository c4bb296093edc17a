#include "sys/inet.h"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace planet::sys {
namespace {

template <class T>
InetAddress generic(const T& address) {
  InetAddress made;
  std::memcpy(&made.storage, &address, sizeof address);
  made.size = sizeof address;
  return made;
}

const sockaddr* raw(const InetAddress& address) {
  return reinterpret_cast<const sockaddr*>(&address.storage);
}

std::unexpected<Error> failed(const char* call) {
  return std::unexpected(Error::from_errno(errno, call));
}

bool is_none() {
  return errno == EAGAIN || errno == EINTR;
}

Result<UniqueFd> open_socket(const InetAddress& peer, int type) {
  UniqueFd socket(::socket(peer.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.valid()) return failed("socket");
  if (::connect(socket.borrow().get(), raw(peer), peer.size) < 0 && errno != EINPROGRESS &&
      errno != EINTR)
    return failed("connect");
  return socket;
}

}  // namespace

InetAddress inet_address(std::span<const std::uint8_t> bytes, std::uint16_t port, unsigned link) {
  sockaddr_in four{};
  if (bytes.size() == sizeof four.sin_addr) {
    four.sin_family = AF_INET;
    four.sin_port = htons(port);
    std::memcpy(&four.sin_addr, bytes.data(), bytes.size());
    return generic(four);
  }
  sockaddr_in6 six{};
  six.sin6_family = AF_INET6;
  six.sin6_port = htons(port);
  six.sin6_scope_id = link;
  std::memcpy(&six.sin6_addr, bytes.data(), std::min(bytes.size(), sizeof six.sin6_addr));
  return generic(six);
}

std::uint16_t port_of(const InetAddress& address) {
  // sockaddr_in and sockaddr_in6 have it at the same place.
  sockaddr_in any{};
  std::memcpy(&any, &address.storage, sizeof any);
  return ntohs(any.sin_port);
}

Result<unsigned> link_number(const std::string& name) {
  const unsigned number = ::if_nametoindex(name.c_str());
  if (number == 0) return std::unexpected(Error::from_errno(errno, "if_nametoindex " + name));
  return number;
}

Result<UniqueFd> open_datagrams(const InetAddress& peer) {
  return open_socket(peer, SOCK_DGRAM);
}

Result<UniqueFd> open_bound(const InetAddress& own, int type, int protocol) {
  UniqueFd socket(::socket(own.storage.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket.valid()) return failed("socket");
  const int on = 1;
  if (own.storage.ss_family == AF_INET6 &&
      ::setsockopt(socket.borrow().get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) < 0)
    return failed("setsockopt(IPV6_V6ONLY)");
  if (::bind(socket.borrow().get(), raw(own), own.size) == 0) return socket;
  if (errno == EADDRINUSE) return fail(Code::kAlreadyExists, "another socket has this address");
  return failed("bind");
}

Result<InetAddress> bound_address(BorrowedFd socket) {
  InetAddress own;
  own.size = sizeof own.storage;
  if (::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&own.storage), &own.size) < 0)
    return failed("getsockname");
  return own;
}

Result<> listen_for_connections(BorrowedFd socket) {
  constexpr int kQueue = 128;
  if (::listen(socket.get(), kQueue) < 0) return failed("listen");
  return {};
}

Result<UniqueFd> begin_connection(const InetAddress& peer) {
  return open_socket(peer, SOCK_STREAM);
}

Result<std::optional<UniqueFd>> accept_connection(BorrowedFd listener) {
  UniqueFd socket(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
  if (socket.valid()) return socket;
  // A client that has gone again is none.
  if (is_none() || errno == ECONNABORTED) return std::nullopt;
  return failed("accept");
}

Result<> set_non_blocking(BorrowedFd fd) {
  const int flags = ::fcntl(fd.get(), F_GETFL);
  if (flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) < 0)
    return failed("fcntl F_SETFL");
  return {};
}

}  // namespace planet::sys
