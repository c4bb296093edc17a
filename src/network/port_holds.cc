#include "network/port_holds.h"

#include <netinet/in.h>

#include <cerrno>
#include <optional>

#include "base/strings.h"
#include "sys/inet.h"

namespace planet::network {
namespace {

Result<UniqueFd> bind_port(const Address& host, std::uint16_t port, Protocol protocol) {
  const sys::InetAddress own = sys::inet_address(host.bytes(), port);
  switch (protocol) {
    case Protocol::kTcp:
      return sys::open_bound(own, SOCK_STREAM);
    case Protocol::kUdp:
      return sys::open_bound(own, SOCK_DGRAM);
    case Protocol::kSctp:
      return sys::open_bound(own, SOCK_SEQPACKET, IPPROTO_SCTP);
  }
  return fail(Code::kInternal, "a protocol that nobody knows");
}

std::string side(const Address& host, std::uint16_t port) {
  return (host.is_ipv4() ? host.to_string() : "[" + host.to_string() + "]") + ":" +
         std::to_string(port);
}

Error explained(const Error& error, const Address& host, std::uint16_t port, Protocol protocol) {
  const std::string what =
      "port " + side(host, port) + "/" + std::string(protocol_name(protocol)) + " of this host ";
  if (error.code() == Code::kAlreadyExists)
    return Error(Code::kAlreadyExists, what +
                                           "is already allocated; name another one with -p, or end "
                                           "the program or container that has it");
  if (error.sys_errno() == EADDRNOTAVAIL)
    return Error(Code::kInvalidArgument, "this host has no address " + host.to_string() +
                                             "; `ip address` lists those it has");
  return Error(error).while_doing("publish " + what);
}

// Without SCTP in the kernel nobody else can have such a port either.
bool has_no_sctp(const Error& error, Protocol protocol) {
  return protocol == Protocol::kSctp &&
         (error.sys_errno() == EPROTONOSUPPORT || error.sys_errno() == ESOCKTNOSUPPORT);
}

// One port, the same on all of the request's addresses; 0: any, which the first address's is.
Result<> hold_port(const PortRequest& request, std::uint16_t host_port, std::uint16_t port,
                   HeldPorts& held) {
  HeldPorts one;
  for (const Address& host : request.hosts) {
    auto socket = bind_port(host, host_port, request.protocol);
    if (!socket && !has_no_sctp(socket.error(), request.protocol))
      return std::unexpected(explained(socket.error(), host, host_port, request.protocol));
    if (socket && host_port == 0) {
      TRY_SET(const sys::InetAddress own, sys::bound_address(socket->borrow()));
      host_port = sys::port_of(own);
    }
    if (host_port == 0)
      return fail(Code::kInvalidArgument,
                  "this kernel has no SCTP, so that no port is picked by itself: name one with -p");
    one.ports.push_back(
        {.host = host, .host_port = host_port, .port = port, .protocol = request.protocol});
    one.sockets.push_back(socket ? *std::move(socket) : UniqueFd());
  }
  for (const PublishedPort& each : one.ports) held.ports.push_back(each);
  for (UniqueFd& socket : one.sockets) held.sockets.push_back(std::move(socket));
  return {};
}

// Any port, which may be free on one address and taken on the next.
Result<> hold_any(const PortRequest& request, std::uint16_t port, HeldPorts& held) {
  constexpr int kTries = 16;
  Result<> done;
  for (int i = 0; i < kTries; ++i) {
    done = hold_port(request, 0, port, held);
    if (done || done.error().code() != Code::kAlreadyExists) return done;
  }
  return done;
}

Result<> hold_one_of_range(const PortRequest& request, HeldPorts& held) {
  for (unsigned at = request.host_ports.first; at <= request.host_ports.last; ++at) {
    Result<> done = hold_port(request, static_cast<std::uint16_t>(at), request.ports.first, held);
    if (done || done.error().code() != Code::kAlreadyExists) return done;
  }
  return fail(Code::kAlreadyExists, "all of the ports " + std::to_string(request.host_ports.first) +
                                        " to " + std::to_string(request.host_ports.last) +
                                        " of this host are already allocated; give a larger range");
}

Result<> hold(const PortRequest& request, HeldPorts& held) {
  if (request.takes_one_of_range()) return hold_one_of_range(request, held);
  for (unsigned i = 0; i < request.ports.size(); ++i) {
    const auto port = static_cast<std::uint16_t>(request.ports.first + i);
    TRY(request.host_ports.is_any()
            ? hold_any(request, port, held)
            : hold_port(request, static_cast<std::uint16_t>(request.host_ports.first + i), port,
                        held));
  }
  return {};
}

}  // namespace

Result<HeldPorts> hold_ports(std::span<const PortRequest> requests) {
  HeldPorts held;
  for (const PortRequest& request : requests) TRY(hold(request, held));
  return held;
}

}  // namespace planet::network
