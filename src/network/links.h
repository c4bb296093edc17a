// The links of container networks, by rtnetlink: bridges, veth pairs, macvlans, their addresses and routes.
//
// Source: rtnetlink(7), veth(4), ip-link(8), bridge(8); linux/if_link.h. Kernels from 5.15 on; what is newer is said where
// it is used, and older kernels ignore it.
// Units: MTUs and lengths of prefixes in bytes and bits, as everywhere.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "network/address.h"
#include "network/link_options.h"
#include "network/mac.h"
#include "sys/netlink.h"

namespace planet::network {

// The link-local address of IPv6 that belongs to a MAC address. RFC 4291, appendix A.
Address link_local(const Mac& mac);

enum class LinkKind : std::uint8_t { kBridge, kPort };

// The name of an interface on the host: "plb" or "plp" and 12 digits that stand for `identity`, the id of the network or
// of the container's attachment. Never text of a user: 15 characters is all that the kernel has room for.
std::string link_name(LinkKind kind, std::string_view identity);
inline constexpr std::string_view kLinkPrefix = "pl";

struct InterfaceAddress {
  Address address;
  unsigned length = 0;  // of the prefix
};

struct Bridge {
  std::string name;
  Mac mac;
  unsigned mtu = 1500;
  // The gateways of the containers. With one of IPv6 it has a link-local one, too: to look for a neighbour on behalf of
  // others, the kernel needs it.
  std::vector<InterfaceAddress> addresses;
  // Lets connections to 127.0.0.1 be sent to containers, and their answers come back: without a packet filter it also lets
  // containers reach 127.0.0.1 of this host, so firewall.h has to be there first. ip-sysctl, route_localnet.
  bool route_localnet = false;
};

struct Veth {
  std::string host_name;
  std::string name;  // in the container: "eth0"
  std::string bridge;
  Mac mac;  // the container's
  unsigned mtu = 1500;
  bool isolated =
      false;  // reaches the host and what is behind it, but no other isolated port of the bridge
  // Frames go back through the port that they came from: a container that speaks to its own published port needs it where
  // net.bridge.bridge-nf-call-iptables is 1.
  bool hairpin = false;
};

struct Macvlan {
  std::string name;
  std::string parent;
  Mac mac;
  unsigned mtu = 0;  // 0: the parent's
  MacvlanMode mode = MacvlanMode::kBridge;
};

// An interface as its container sees it.
struct Interface {
  std::string name;
  Mac mac;  // with an address of IPv6 it has a link-local one, too, that of link_local()
  std::vector<InterfaceAddress> addresses;
  std::vector<Address> gateways;  // of the default routes, at most one of each family
};

struct Link {
  int number = 0;
  int master = 0;  // the number of its bridge; 0: none
  std::string name;
};

// Lets this host pass packets on between its interfaces, which containers need to reach what is outside, and to be reached.
// It is the whole host's setting. With that of IPv6 the kernel no longer takes router advertisements on interfaces whose
// accept_ra is 1: a host that has its address or its default route from them needs accept_ra 2 there. ip-sysctl.
Result<> enable_forwarding(Family family);

// Speaks of the network namespace that it was opened in.
class Links {
 public:
  static Result<Links> open();
  explicit Links(sys::NetlinkSocket socket) : socket_(std::move(socket)) {}

  // Makes the bridge, or gives it these properties and addresses if it is there. It is up.
  // IPv6 is on where it has an address of it, without autoconfiguration and router advertisements.
  Result<> ensure_bridge(const Bridge& bridge);

  // Makes the pair, its one end in the container's namespace and the other on the bridge, both down. connect_veth()
  // follows; in between is the moment for the firewall.
  // Errors: kNotFound - no such bridge; kAlreadyExists - the port, or the name in the container.
  Result<> create_veth(const Veth& veth, BorrowedFd net_ns);

  // Gives the container's end its addresses and routes and opens the port: from then on frames go through. `inside` is of
  // the container's namespace. After an error the pair is still there: remove() it.
  Result<> connect_veth(const Veth& veth, Links& inside, const Interface& interface);

  // In bridge mode macvlans of one parent reach each other. furnish(), of the container's namespace, follows.
  // Errors: kNotFound - no such parent.
  Result<> create_macvlan(const Macvlan& macvlan, BorrowedFd net_ns);
  Result<> furnish(const Interface& interface);

  // Its default routes again, in place of others: one that is connected has become the way out.
  Result<> route(const Interface& interface);

  // One that is not there is no error.
  Result<> remove(const std::string& name);
  Result<bool> exists(const std::string& name) const;
  // ensure_bridge() switches it on last: then it is whole.
  Result<bool> is_up(const std::string& name) const;

  Result<std::vector<Link>> list(std::string_view prefix);

  // What this host uses: the networks of its addresses and of its routes, but no default routes.
  Result<std::vector<Prefix>> used_prefixes();

 private:
  Result<std::uint32_t> number_of(const std::string& name) const;
  sys::NetlinkSocket socket_;
};

}  // namespace planet::network
