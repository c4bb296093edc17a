#include "network/links.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::network {
namespace {

using sys::NetlinkAnswer;
using sys::NetlinkMessages;

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::span<const std::uint8_t> octets(std::string_view bytes) {
  return {reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()};
}

std::uint8_t kernel_family(const Address& address) {
  return address.is_ipv4() ? AF_INET : AF_INET6;
}

bool has_ipv6(const std::vector<InterfaceAddress>& addresses) {
  return std::ranges::any_of(addresses,
                             [](const InterfaceAddress& one) { return !one.address.is_ipv4(); });
}

// FNV-1a.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : text) hash = (hash ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return hash;
}

ifinfomsg link_header(std::uint32_t number, std::uint32_t flags = 0, std::uint32_t change = 0) {
  ifinfomsg header{};
  header.ifi_index = static_cast<int>(number);
  header.ifi_flags = flags;
  header.ifi_change = change;
  return header;
}

void begin_up(NetlinkMessages& messages, std::uint32_t number) {
  messages.begin(RTM_NEWLINK, 0, link_header(number, IFF_UP, IFF_UP));
}

void begin_look(NetlinkMessages& messages, std::uint32_t number) {
  messages.begin(RTM_GETLINK, 0, link_header(number));
  messages.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
}

// Without it the kernel gives an interface that goes up a link-local address of its own, asks whether somebody has it, and
// asks for routers. A kernel without IPv6 knows no such attribute.
void put_no_autoconf(NetlinkMessages& messages) {
  messages.tolerate(EAFNOSUPPORT);
  const auto families = messages.nest(IFLA_AF_SPEC);
  const auto family = messages.nest(AF_INET6);
  messages.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
}

void put_address(NetlinkMessages& messages, std::uint32_t number, const InterfaceAddress& one) {
  ifaddrmsg header{};
  header.ifa_family = kernel_family(one.address);
  header.ifa_prefixlen = static_cast<std::uint8_t>(one.length);
  header.ifa_index = number;
  messages.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_REPLACE, header);
  const std::string_view bytes = view(one.address.bytes());
  messages.put(IFA_LOCAL, bytes);
  messages.put(IFA_ADDRESS, bytes);
  if (one.address.is_ipv4())
    messages.put(IFA_BROADCAST, view(Prefix::around(one.address, one.length).last().bytes()));
  else  // nobody else can have it, and it is needed now: RFC 4862, section 5.4, costs a second
    messages.put_u32(IFA_FLAGS, IFA_F_NODAD);
}

void put_addresses(NetlinkMessages& messages, std::uint32_t number,
                   const std::vector<InterfaceAddress>& addresses, const Mac& mac) {
  constexpr unsigned kLinkLocalLength = 64;
  for (const InterfaceAddress& one : addresses) put_address(messages, number, one);
  if (has_ipv6(addresses)) put_address(messages, number, {link_local(mac), kLinkLocalLength});
}

void put_default_route(NetlinkMessages& messages, std::uint32_t number, const Address& gateway) {
  rtmsg header{};
  header.rtm_family = kernel_family(gateway);
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  header.rtm_type = RTN_UNICAST;
  messages.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, header);
  messages.put(RTA_GATEWAY, view(gateway.bytes()));
  messages.put_u32(RTA_OIF, number);
}

// What netlink has no attribute for. A kernel without IPv6 has no such files, and nothing to switch.
Result<> write_setting(const std::string& name, std::string_view value) {
  const std::string path = "/proc/sys/net/" + name;
  const auto file = sys::open_at(sys::kCwd, path.c_str(), O_WRONLY);
  if (!file && file.error().code() == Code::kNotFound) return {};
  if (!file) return std::unexpected(file.error());
  return sys::write_all(file->borrow(), value);
}

Result<> set_ipv6(const Bridge& bridge) {
  const std::string settings = "ipv6/conf/" + bridge.name + "/";
  if (!has_ipv6(bridge.addresses)) return write_setting(settings + "disable_ipv6", "1");
  TRY(write_setting(settings + "disable_ipv6", "0"));
  TRY(write_setting(settings + "autoconf", "0"));
  return write_setting(settings + "accept_ra", "0");
}

void begin_bridge(NetlinkMessages& messages, const Bridge& bridge) {
  messages.begin(RTM_NEWLINK, NLM_F_CREATE, link_header(0));
  messages.put_text(IFLA_IFNAME, bridge.name);
  messages.put(IFLA_ADDRESS, view(bridge.mac.bytes()));
  messages.put_u32(IFLA_MTU, bridge.mtu);
  const auto info = messages.nest(IFLA_LINKINFO);
  messages.put_text(IFLA_INFO_KIND, "bridge");
  const auto data = messages.nest(IFLA_INFO_DATA);
  messages.put_u32(IFLA_BR_STP_STATE, 0);
  messages.put_u8(IFLA_BR_MCAST_SNOOPING, 0);
}

void put_ipv4_settings(NetlinkMessages& messages, const Bridge& bridge) {
  const auto families = messages.nest(IFLA_AF_SPEC);
  const auto family = messages.nest(AF_INET);
  const auto settings = messages.nest(IFLA_INET_CONF);
  messages.put_u32(IPV4_DEVCONF_ROUTE_LOCALNET, bridge.route_localnet ? 1 : 0);
}

void put_port_settings(NetlinkMessages& messages, const Veth& veth) {
  const auto info = messages.nest(IFLA_LINKINFO);
  messages.put_text(IFLA_INFO_SLAVE_KIND, "bridge");
  const auto data = messages.nest(IFLA_INFO_SLAVE_DATA);
  messages.put_u8(IFLA_BRPORT_MODE, veth.hairpin ? 1 : 0);
  messages.put_u8(IFLA_BRPORT_ISOLATED, veth.isolated ? 1 : 0);
  // The bridge is told whose MAC address is behind the port, and believes no frame that says otherwise: none can take
  // another container's traffic, even without a packet filter. LOCKED is of 5.18.
  messages.put_u8(IFLA_BRPORT_LEARNING, 0);
  messages.put_u8(IFLA_BRPORT_LOCKED, 1);
  messages.put_u8(IFLA_BRPORT_UNICAST_FLOOD, 0);
}

void put_forwarding_entry(NetlinkMessages& messages, std::uint32_t port, const Mac& mac) {
  ndmsg entry{};
  entry.ndm_family = AF_BRIDGE;
  entry.ndm_ifindex = static_cast<int>(port);
  entry.ndm_state = NUD_NOARP;  // static: it does not age
  entry.ndm_flags = NTF_MASTER;
  messages.begin(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, entry);
  messages.put(NDA_LLADDR, view(mac.bytes()));
}

std::optional<Link> parse_link(const NetlinkAnswer& answer) {
  const auto header = sys::leading<ifinfomsg>(answer.body);
  if (answer.header.nlmsg_type != RTM_NEWLINK || !header) return std::nullopt;
  Link link{.number = header->ifi_index, .master = 0, .name = {}};
  std::string_view attributes = answer.body.substr(sizeof *header);
  while (const auto attribute = sys::next_attribute(attributes)) {
    if (attribute->type == IFLA_IFNAME) link.name = attribute->text();
    if (attribute->type == IFLA_MASTER)
      link.master = static_cast<int>(attribute->u32().value_or(0));
  }
  return link;
}

std::optional<Prefix> parse_prefix(std::string_view attributes, std::uint16_t wanted,
                                   unsigned length) {
  while (const auto attribute = sys::next_attribute(attributes)) {
    if (attribute->type != wanted) continue;
    const auto address = Address::from_bytes(octets(attribute->bytes));
    if (address && length <= address->bits()) return Prefix::around(*address, length);
  }
  return std::nullopt;
}

// The network of an address, or that of a route; nothing for a default route, which has no RTA_DST.
std::optional<Prefix> parse_used(const NetlinkAnswer& answer) {
  if (answer.header.nlmsg_type == RTM_NEWADDR) {
    const auto header = sys::leading<ifaddrmsg>(answer.body);
    if (!header) return std::nullopt;
    return parse_prefix(answer.body.substr(sizeof *header), IFA_ADDRESS, header->ifa_prefixlen);
  }
  const auto header = sys::leading<rtmsg>(answer.body);
  // The table of this host's own addresses, and of their broadcasts, says nothing new.
  if (answer.header.nlmsg_type != RTM_NEWROUTE || !header || header->rtm_table == RT_TABLE_LOCAL)
    return std::nullopt;
  return parse_prefix(answer.body.substr(sizeof *header), RTA_DST, header->rtm_dst_len);
}

}  // namespace

Address link_local(const Mac& mac) {
  constexpr std::uint8_t kUniversal = 0x02;
  const auto own = mac.bytes();
  const std::array<std::uint8_t, 16> bytes{
      0xfe,   0x80,   0,
      0,      0,      0,
      0,      0,      static_cast<std::uint8_t>(own[0] ^ kUniversal),
      own[1], own[2], 0xff,
      0xfe,   own[3], own[4],
      own[5]};
  return *Address::from_bytes(bytes);
}

std::string link_name(LinkKind kind, std::string_view identity) {
  constexpr std::size_t kDigits = 12;
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string name(kLinkPrefix);
  name += kind == LinkKind::kBridge ? 'b' : 'p';
  std::uint64_t hash = hash_of(identity);
  for (std::size_t digit = 0; digit < kDigits; ++digit, hash >>= 4U) name += kHex[hash & 0xfU];
  return name;
}

Result<> enable_forwarding(Family family) {
  const bool ipv4 = family == Family::kIpv4;
  return write_setting(ipv4 ? "ipv4/ip_forward" : "ipv6/conf/all/forwarding", "1");
}

Result<Links> Links::open() {
  TRY_SET(sys::NetlinkSocket socket, sys::NetlinkSocket::open(NETLINK_ROUTE));
  return Links(std::move(socket));
}

Result<std::uint32_t> Links::number_of(const std::string& name) const {
  TRY_SET(const int number, sys::find_interface(socket_.socket(), name));
  return static_cast<std::uint32_t>(number);
}

Result<bool> Links::exists(const std::string& name) const {
  const auto number = number_of(name);
  if (number) return true;
  if (number.error().code() == Code::kNotFound) return false;
  return std::unexpected(number.error());
}

Result<bool> Links::is_up(const std::string& name) const {
  auto up = sys::is_interface_up(socket_.socket(), name);
  if (!up && up.error().sys_errno() == ENODEV) return false;
  return up;
}

Result<> Links::ensure_bridge(const Bridge& bridge) {
  const std::string doing = "make the bridge " + bridge.name;
  NetlinkMessages made;
  begin_bridge(made, bridge);
  TRY(socket_.exchange(made, doing));
  TRY(set_ipv6(bridge), doing);
  TRY_SET(const std::uint32_t number, number_of(bridge.name));
  NetlinkMessages furnished;
  furnished.begin(RTM_NEWLINK, 0, link_header(number));
  put_ipv4_settings(furnished, bridge);
  furnished.begin(RTM_NEWLINK, 0, link_header(number));
  put_no_autoconf(furnished);
  put_addresses(furnished, number, bridge.addresses, bridge.mac);
  begin_up(furnished, number);
  return socket_.exchange(furnished, doing);
}

Result<> Links::create_veth(const Veth& veth, BorrowedFd net_ns) {
  TRY_SET(const std::uint32_t bridge, number_of(veth.bridge));
  NetlinkMessages messages;
  messages.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(0));
  messages.put_text(IFLA_IFNAME, veth.host_name);
  messages.put_u32(IFLA_MTU, veth.mtu);
  messages.put_u32(IFLA_MASTER, bridge);
  // One queue for each processor, which new kernels make by default, costs their time and brings nothing: a veth's queues
  // are not locked.
  messages.put_u32(IFLA_NUM_TX_QUEUES, 1);
  messages.put_u32(IFLA_NUM_RX_QUEUES, 1);
  {
    const auto info = messages.nest(IFLA_LINKINFO);
    messages.put_text(IFLA_INFO_KIND, "veth");
    const auto data = messages.nest(IFLA_INFO_DATA);
    const auto peer = messages.nest(VETH_INFO_PEER);
    messages.put_header(link_header(0));
    messages.put_text(IFLA_IFNAME, veth.name);
    messages.put(IFLA_ADDRESS, view(veth.mac.bytes()));
    messages.put_u32(IFLA_MTU, veth.mtu);
    messages.put_u32(IFLA_NUM_TX_QUEUES, 1);
    messages.put_u32(IFLA_NUM_RX_QUEUES, 1);
    messages.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(net_ns.get()));
  }
  return socket_.exchange(messages, "make the veth pair " + veth.host_name);
}

namespace {

void put_furniture(NetlinkMessages& messages, std::uint32_t number, const Interface& interface) {
  messages.begin(RTM_NEWLINK, 0, link_header(number));
  put_no_autoconf(messages);
  put_addresses(messages, number, interface.addresses, interface.mac);
}

void put_routes(NetlinkMessages& messages, std::uint32_t number, const Interface& interface) {
  for (const Address& gateway : interface.gateways) put_default_route(messages, number, gateway);
}

}  // namespace

// The two ends go up right after each other, when all else is done: an end that is up alone is without carrier, and a
// worker of the kernel that sees it so holds the lock of all links for milliseconds (dev_deactivate waits for RCU). Then
// both, and the bridge, which is without carrier before its first port, are looked at, for what that does on the way: new
// kernels take over the state of the carrier there and then, and all three begin to send. Else they wait for that worker,
// and lose frames until it comes.
Result<> Links::connect_veth(const Veth& veth, Links& inside, const Interface& interface) {
  const std::string doing = "connect the port " + veth.host_name;
  TRY_SET(const std::uint32_t port, number_of(veth.host_name), doing);
  TRY_SET(const std::uint32_t bridge, number_of(veth.bridge), doing);
  TRY_SET(const std::uint32_t number, inside.number_of(interface.name), doing);

  NetlinkMessages furnished;
  put_furniture(furnished, number, interface);
  TRY(inside.socket_.exchange(furnished, doing));

  NetlinkMessages set;
  set.begin(RTM_NEWLINK, 0, link_header(port));
  put_port_settings(set, veth);
  set.begin(RTM_NEWLINK, 0, link_header(port));
  put_no_autoconf(set);
  put_forwarding_entry(set, port, veth.mac);
  TRY(socket_.exchange(set, doing));

  NetlinkMessages up_inside;
  begin_up(up_inside, number);
  TRY(inside.socket_.exchange(up_inside, doing));

  NetlinkMessages up;
  begin_up(up, port);
  begin_look(up, port);
  begin_look(up, bridge);
  TRY(socket_.exchange(up, doing));

  NetlinkMessages routed;
  begin_look(routed, number);
  put_routes(routed, number, interface);
  return inside.socket_.exchange(routed, doing);
}

Result<> Links::furnish(const Interface& interface) {
  TRY_SET(const std::uint32_t number, number_of(interface.name));
  NetlinkMessages messages;
  put_furniture(messages, number, interface);
  begin_up(messages, number);
  put_routes(messages, number, interface);
  return socket_.exchange(messages, "give the container's " + interface.name + " its addresses");
}

Result<> Links::route(const Interface& interface) {
  TRY_SET(const std::uint32_t number, number_of(interface.name));
  NetlinkMessages messages;
  put_routes(messages, number, interface);
  return socket_.exchange(messages, "give the container's " + interface.name + " its routes");
}

namespace {

std::uint32_t kernel_mode(MacvlanMode mode) {
  switch (mode) {
    case MacvlanMode::kBridge:
      return MACVLAN_MODE_BRIDGE;
    case MacvlanMode::kPrivate:
      return MACVLAN_MODE_PRIVATE;
    case MacvlanMode::kVepa:
      return MACVLAN_MODE_VEPA;
    case MacvlanMode::kPassthru:
      return MACVLAN_MODE_PASSTHRU;
  }
  return MACVLAN_MODE_BRIDGE;
}

}  // namespace

Result<> Links::create_macvlan(const Macvlan& macvlan, BorrowedFd net_ns) {
  TRY_SET(const std::uint32_t parent, number_of(macvlan.parent));
  NetlinkMessages messages;
  messages.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(0));
  messages.put_text(IFLA_IFNAME, macvlan.name);
  messages.put_u32(IFLA_LINK, parent);
  messages.put(IFLA_ADDRESS, view(macvlan.mac.bytes()));
  if (macvlan.mtu != 0) messages.put_u32(IFLA_MTU, macvlan.mtu);
  messages.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(net_ns.get()));
  {
    const auto info = messages.nest(IFLA_LINKINFO);
    messages.put_text(IFLA_INFO_KIND, "macvlan");
    const auto data = messages.nest(IFLA_INFO_DATA);
    messages.put_u32(IFLA_MACVLAN_MODE, kernel_mode(macvlan.mode));
  }
  return socket_.exchange(messages, "make a macvlan of " + macvlan.parent);
}

Result<> Links::remove(const std::string& name) {
  NetlinkMessages messages;
  messages.begin(RTM_DELLINK, 0, link_header(0));
  messages.tolerate(ENODEV);
  messages.put_text(IFLA_IFNAME, name);
  return socket_.exchange(messages, "remove the interface " + name);
}

Result<std::vector<Link>> Links::list(std::string_view prefix) {
  std::vector<Link> found;
  NetlinkMessages messages;
  messages.begin(RTM_GETLINK, NLM_F_DUMP, link_header(0));
  messages.put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  TRY(socket_.exchange(messages, "list the interfaces", [&](const NetlinkAnswer& answer) {
    auto link = parse_link(answer);
    if (link && link->name.starts_with(prefix)) found.push_back(std::move(*link));
  }));
  return found;
}

Result<std::vector<Prefix>> Links::used_prefixes() {
  std::vector<Prefix> found;
  const auto each = [&](const NetlinkAnswer& answer) {
    if (const auto prefix = parse_used(answer); prefix && prefix->length() > 0)
      found.push_back(*prefix);
  };
  // One dump at a time: the kernel refuses a second while the first goes on (EBUSY).
  NetlinkMessages addresses;
  addresses.begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  TRY(socket_.exchange(addresses, "list the addresses of this host", each));
  NetlinkMessages routes;
  routes.begin(RTM_GETROUTE, NLM_F_DUMP, rtmsg{});
  TRY(socket_.exchange(routes, "list the routes of this host", each));
  return found;
}

}  // namespace planet::network
