// What tests of the network share: network namespaces of their own, sockets in them, and datagrams between these.
#pragma once

#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "network/address.h"
#include "network/links.h"

namespace planet::network {

// How many descriptors this process has. A test that makes namespaces leaves none.
inline std::ptrdiff_t open_fds() {
  const std::unique_ptr<DIR, int (*)(DIR*)> dir(::opendir("/proc/self/fd"), &::closedir);
  std::ptrdiff_t count = 0;
  while (::readdir(dir.get()) != nullptr) ++count;
  return count;
}

inline UniqueFd own_net_ns() {
  return UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
}

// This thread is in another network namespace while it lives.
class InNamespace {
 public:
  explicit InNamespace(const UniqueFd& ns) : back_(own_net_ns()) {
    EXPECT_EQ(::setns(ns.borrow().get(), CLONE_NEWNET), 0);
  }
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;
  InNamespace(InNamespace&&) = delete;
  InNamespace& operator=(InNamespace&&) = delete;
  ~InNamespace() { EXPECT_EQ(::setns(back_.borrow().get(), CLONE_NEWNET), 0); }

 private:
  UniqueFd back_;
};

inline UniqueFd new_net_ns() {
  const UniqueFd back = own_net_ns();
  EXPECT_EQ(::unshare(CLONE_NEWNET), 0);
  UniqueFd made = own_net_ns();
  EXPECT_EQ(::setns(back.borrow().get(), CLONE_NEWNET), 0);
  return made;
}

inline Links links_in(const UniqueFd& ns) {
  const InNamespace there(ns);
  return std::move(*Links::open());
}

inline Address address(std::string_view text) {
  return *Address::parse(text);
}

// What the command writes to its output; that it fails is a failure of the test.
inline std::string shell(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

struct SocketAddress {
  sockaddr_storage bytes{};
  socklen_t size = sizeof(sockaddr_storage);

  SocketAddress() = default;
  SocketAddress(const Address& address, std::uint16_t port) {
    if (address.is_ipv4()) {
      sockaddr_in in{
          .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {}, .sin_zero = {}};
      std::memcpy(&in.sin_addr, address.bytes().data(), 4);
      std::memcpy(&bytes, &in, size = sizeof in);
    } else {
      sockaddr_in6 in{};
      in.sin6_family = AF_INET6;
      in.sin6_port = htons(port);
      std::memcpy(&in.sin6_addr, address.bytes().data(), 16);
      std::memcpy(&bytes, &in, size = sizeof in);
    }
  }
  sockaddr* raw() { return reinterpret_cast<sockaddr*>(&bytes); }
  std::string text() const {
    char buffer[INET6_ADDRSTRLEN] = {};
    const void* in =
        bytes.ss_family == AF_INET
            ? static_cast<const void*>(&reinterpret_cast<const sockaddr_in*>(&bytes)->sin_addr)
            : &reinterpret_cast<const sockaddr_in6*>(&bytes)->sin6_addr;
    return ::inet_ntop(bytes.ss_family, in, buffer, sizeof buffer);
  }
};

inline bool readable(const UniqueFd& socket, int milliseconds) {
  pollfd poll{.fd = socket.borrow().get(), .events = POLLIN, .revents = 0};
  return ::poll(&poll, 1, milliseconds) == 1;
}

// Long enough for what does arrive on a busy machine, and for what does not, after something else did.
inline constexpr int kArrives = 3000, kDoesNotArrive = 150;

// A UDP or TCP socket on the address and port.
inline UniqueFd bound(const UniqueFd& ns, int type, const Address& at, std::uint16_t port) {
  const InNamespace there(ns);
  UniqueFd socket(::socket(at.is_ipv4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
  SocketAddress name(at, port);
  EXPECT_EQ(::bind(socket.borrow().get(), name.raw(), name.size), 0) << std::strerror(errno);
  if (type == SOCK_STREAM) {
    EXPECT_EQ(::listen(socket.borrow().get(), 4), 0);
  }
  return socket;
}

inline UniqueFd unbound(const UniqueFd& ns, int type, const Address& like) {
  const InNamespace there(ns);
  return UniqueFd(::socket(like.is_ipv4() ? AF_INET : AF_INET6, type | SOCK_CLOEXEC, 0));
}

inline void send_to(const UniqueFd& socket, const Address& to, std::uint16_t port) {
  SocketAddress name(to, port);
  // That there is no way is what some tests expect.
  (void)::sendto(socket.borrow().get(), "ping", 4, 0, name.raw(), name.size);
}

// Whom the next datagram is from; nothing if there is none for so long.
inline std::optional<std::string> sender(const UniqueFd& server, int milliseconds) {
  if (!readable(server, milliseconds)) return std::nullopt;
  char buffer[64];
  SocketAddress from;
  EXPECT_GE(::recvfrom(server.borrow().get(), buffer, sizeof buffer, 0, from.raw(), &from.size), 0);
  return from.text();
}

// Whether a TCP connection comes to be, and whom the server takes it to be from.
inline std::optional<std::string> connection(const UniqueFd& client_ns, const UniqueFd& server,
                                             const Address& to, std::uint16_t port,
                                             int milliseconds = kArrives) {
  UniqueFd client = unbound(client_ns, SOCK_STREAM | SOCK_NONBLOCK, to);
  SocketAddress name(to, port);
  if (::connect(client.borrow().get(), name.raw(), name.size) < 0 && errno != EINPROGRESS)
    return std::nullopt;
  if (!readable(server, milliseconds)) return std::nullopt;
  SocketAddress from;
  const UniqueFd accepted(::accept4(server.borrow().get(), from.raw(), &from.size, SOCK_CLOEXEC));
  EXPECT_TRUE(accepted.valid());
  pollfd poll{.fd = client.borrow().get(), .events = POLLOUT, .revents = 0};
  EXPECT_EQ(::poll(&poll, 1, milliseconds), 1);
  EXPECT_EQ(::send(accepted.borrow().get(), "pong", 4, 0), 4);
  EXPECT_TRUE(readable(client, milliseconds)) << "the way back";
  return from.text();
}

// Whole frames, as a container with CAP_NET_RAW sends and sees them.
class FrameSocket {
 public:
  FrameSocket(const UniqueFd& ns, const char* interface) {
    const InNamespace there(ns);
    socket_ = UniqueFd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, htons(ETH_P_ALL)));
    to_.sll_family = AF_PACKET;
    to_.sll_protocol = htons(ETH_P_ALL);
    to_.sll_ifindex = *sys::find_interface(socket_.borrow(), interface);
    EXPECT_EQ(::bind(socket_.borrow().get(), reinterpret_cast<sockaddr*>(&to_), sizeof to_), 0);
  }
  void send(const std::string& frame) const {
    EXPECT_EQ(::send(socket_.borrow().get(), frame.data(), frame.size(), 0),
              static_cast<ssize_t>(frame.size()))
        << std::strerror(errno);
  }
  // Whether a frame with these bytes in it comes in.
  bool sees(std::string_view mark, int milliseconds) const {
    while (readable(socket_, milliseconds)) {
      char buffer[2048];
      sockaddr_ll from{};
      socklen_t size = sizeof from;
      const ssize_t got = ::recvfrom(socket_.borrow().get(), buffer, sizeof buffer, 0,
                                     reinterpret_cast<sockaddr*>(&from), &size);
      if (got > 0 && from.sll_pkttype != PACKET_OUTGOING &&
          std::string_view(buffer, static_cast<std::size_t>(got)).contains(mark))
        return true;
    }
    return false;
  }

 private:
  UniqueFd socket_;
  sockaddr_ll to_{};
};

}  // namespace planet::network
