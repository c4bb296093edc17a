// Sockets of IPv4 and IPv6 that never block: for datagrams (sys/datagrams.h), and connections on their way. What is connected is read and written by
// receive_some() and send_some() of sys/tcp.h.
//
// Source: ip(7), ipv6(7), udp(7), connect(2), accept(2).
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

struct InetAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

// `bytes`: 4 of IPv4 or 16 of IPv6. `link`: the number of the interface, for link-local addresses of IPv6; else 0.
InetAddress inet_address(std::span<const std::uint8_t> bytes, std::uint16_t port,
                         unsigned link = 0);

// The port of an address; in the host's order.
std::uint16_t port_of(const InetAddress& address);

// The number of an interface by its name. Errors: kSystem with ENODEV.
Result<unsigned> link_number(const std::string& name);

// A socket for one peer's datagrams alone, at a port that the kernel picks at random. An error that the peer's host reports is
// that of the next call.
Result<UniqueFd> open_datagrams(const InetAddress& peer);

// A socket that has this address of this machine, and does nothing with it: who wants to, listens. `type`: SOCK_DGRAM,
// SOCK_STREAM; `protocol` as in socket(2), 0 for that of the type. Of IPv6 it takes IPv6 alone.
// Errors: kAlreadyExists - another has it; that of the kernel.
Result<UniqueFd> open_bound(const InetAddress& own, int type, int protocol = 0);
// What a socket is bound to: the port that the kernel has picked.
Result<InetAddress> bound_address(BorrowedFd socket);
Result<> listen_for_connections(BorrowedFd socket);

// A connection that the peer may not have taken yet: it can be written to then. If it is refused, the next call says so.
Result<UniqueFd> begin_connection(const InetAddress& peer);

// Nothing: nobody waits. The listener itself must not block: set_non_blocking().
Result<std::optional<UniqueFd>> accept_connection(BorrowedFd listener);

Result<> set_non_blocking(BorrowedFd fd);

}  // namespace planet::sys
