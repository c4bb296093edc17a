#include "network/firewall_rules.h"

#include <arpa/inet.h>
#include <linux/if_ether.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>

#include <utility>

namespace planet::network {
namespace {

using namespace firewall_set;
using sys::bytes_of;

constexpr std::string_view kGuard = "guard", kPrerouting = "prerouting", kOutput = "output",
                           kPostrouting = "postrouting", kForward = "forward", kInput = "input",
                           kBridged = "bridged", kIpv4 = "ipv4", kArp = "arp", kIpv6 = "ipv6",
                           kEtherTypes = "ether_types";

constexpr ChainUses kChains[] = {
    {false, kGuard, 2, 0},       {false, kPrerouting, 4, 0}, {false, kOutput, 5, 0},
    {false, kPostrouting, 4, 0}, {false, kForward, 8, 0},    {false, kInput, 5, 0},
    {true, kBridged, 3, 0},      {true, kIpv4, 3, 1},        {true, kArp, 4, 1},
    {true, kIpv6, 7, 1},
};

// Registers, by the lengths of what they hold: an interface's name takes four, a MAC address two.
constexpr unsigned kAfterInterface = 4, kAfterMac = 6;
constexpr unsigned kMapped = 8;  // where the value of a map goes

struct FamilyFields {
  std::uint8_t family;
  unsigned registers;  // of an address
  NftField source, destination;
  std::string_view published, published_all;
};
constexpr FamilyFields kFamilies[] = {
    {NFPROTO_IPV4,
     1,
     {NFT_PAYLOAD_NETWORK_HEADER, 12, 4},
     {NFT_PAYLOAD_NETWORK_HEADER, 16, 4},
     kPublished4,
     kPublishedAll4},
    {NFPROTO_IPV6,
     4,
     {NFT_PAYLOAD_NETWORK_HEADER, 8, 16},
     {NFT_PAYLOAD_NETWORK_HEADER, 24, 16},
     kPublished6,
     kPublishedAll6},
};
constexpr NftField kSourcePort{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 2};
constexpr NftField kDestinationPort{NFT_PAYLOAD_TRANSPORT_HEADER, 2, 2};  // of TCP, UDP, SCTP
constexpr NftField kSourceMac{NFT_PAYLOAD_LL_HEADER, 6, 6};
constexpr NftField kArpKind{NFT_PAYLOAD_NETWORK_HEADER, 0, 6};
constexpr NftField kArpMac{NFT_PAYLOAD_NETWORK_HEADER, 8, 6};
constexpr NftField kArpAddress{NFT_PAYLOAD_NETWORK_HEADER, 14, 4};
constexpr NftField kIcmpType{NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1};
constexpr NftField kNeighbourTarget{NFT_PAYLOAD_TRANSPORT_HEADER, 8, 16};  // RFC 4861, 4.3 and 4.4

constexpr std::uint8_t kLoopbackNet[] = {127};
// The states of connections that conntrack has let through before.
constexpr std::uint32_t kKnownStates =
    NF_CT_STATE_BIT(IP_CT_ESTABLISHED) | NF_CT_STATE_BIT(IP_CT_RELATED);

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string interface_bytes(std::string_view name) {
  return NftKey().interface(name).value();
}

NftField first_byte(const NftField& field) {
  return {field.base, field.offset, 1};
}

NftRule& of_protocol(NftRule&& rule, std::uint8_t protocol) {
  return rule.meta(NFT_META_L4PROTO).equals(bytes_of(protocol));
}

void add_inet_sets(NftBatch& batch, const NftTable& table) {
  using namespace nft_type;
  batch.add_set(table, {kBridges, kInterface, 16});
  batch.add_set(table, {kInternal, kInterface, 16});
  batch.add_set(table, {kSame, concat(kInterface, kInterface), 32});
  batch.add_set(table, {kPublished4, concat(kProtocol, nft_type::kIpv4, kPort), 12,
                        concat(nft_type::kIpv4, kPort), 8});
  batch.add_set(table, {kPublished6, concat(kProtocol, nft_type::kIpv6, kPort), 24,
                        concat(nft_type::kIpv6, kPort), 20});
  batch.add_set(table,
                {kPublishedAll4, concat(kProtocol, kPort), 8, concat(nft_type::kIpv4, kPort), 8});
  batch.add_set(table,
                {kPublishedAll6, concat(kProtocol, kPort), 8, concat(nft_type::kIpv6, kPort), 20});
}

// Before conntrack, so before any address is translated: 127.0.0.0/8 is this host's alone. A neighbour may send packets
// to it, and a port published there would take them in: the translation comes before the routing that would refuse them.
void add_guard(NftBatch& batch, const NftTable& table) {
  batch.add_base_chain(table, kGuard, {NF_INET_PRE_ROUTING, NF_IP_PRI_RAW, "filter"});
  const std::uint8_t ipv4 = NFPROTO_IPV4;
  for (const NftField& field : {kFamilies[0].destination, kFamilies[0].source})
    batch.add_rule(table, kGuard)
        .meta(NFT_META_IIFNAME)
        .differs(interface_bytes("lo"))
        .meta(NFT_META_NFPROTO)
        .equals(bytes_of(ipv4))
        .load(first_byte(field))
        .equals(view(kLoopbackNet))
        .drop();
}

// protocol [. address] . port to address . port: first those of one address of the host, then those of all.
void add_publishing(NftBatch& batch, const NftTable& table, std::string_view chain) {
  for (const FamilyFields& family : kFamilies)
    batch.add_rule(table, chain)
        .meta(NFT_META_NFPROTO)
        .equals(bytes_of(family.family))
        .meta(NFT_META_L4PROTO)
        .load(family.destination, 1)
        .load(kDestinationPort, 1 + family.registers)
        .map(family.published, 0, kMapped)
        .destination_nat(family.family, kMapped, kMapped + family.registers);
  const std::uint32_t local = RTN_LOCAL;
  for (const FamilyFields& family : kFamilies)
    batch.add_rule(table, chain)
        .meta(NFT_META_NFPROTO)
        .equals(bytes_of(family.family))
        .address_type(NFTA_FIB_F_DADDR)
        .equals(bytes_of(local))
        .meta(NFT_META_L4PROTO)
        .load(kDestinationPort, 1)
        .map(family.published_all, 0, kMapped)
        .destination_nat(family.family, kMapped, kMapped + family.registers);
}

// The kernel takes no answer to ::1 from a bridge, and there is no route_localnet of IPv6. So a connection to ::1 stays here
// and is refused at once, and a client that tries all of "localhost" goes on to 127.0.0.1 instead of waiting.
void add_output(NftBatch& batch, const NftTable& table) {
  batch.add_base_chain(table, kOutput, {NF_INET_LOCAL_OUT, NF_IP_PRI_NAT_DST, "nat"});
  const std::uint8_t ipv6 = NFPROTO_IPV6;
  batch.add_rule(table, kOutput)
      .meta(NFT_META_NFPROTO)
      .equals(bytes_of(ipv6))
      .load(kFamilies[1].destination)
      .equals(bytes_of(in6addr_loopback))
      .accept();
  add_publishing(batch, table, kOutput);
}

// Whose source a container may not see or answer to, and no other: what it publishes is reached with its clients' own.
void add_postrouting(NftBatch& batch, const NftTable& table) {
  batch.add_base_chain(table, kPostrouting, {NF_INET_POST_ROUTING, NF_IP_PRI_NAT_SRC, "nat"});
  // What containers send elsewhere.
  batch.add_rule(table, kPostrouting)
      .meta(NFT_META_IIFNAME)
      .is_in(kBridges)
      .meta(NFT_META_OIFNAME)
      .is_not_in(kBridges)
      .masquerade();
  // A container that speaks to a published port of its own bridge would be answered past this host, by an address that it
  // has not spoken to.
  batch.add_rule(table, kPostrouting)
      .meta(NFT_META_IIFNAME)
      .meta(NFT_META_OIFNAME, kAfterInterface)
      .is_in(kSame)
      .conntrack_has(NFT_CT_STATUS, IPS_DST_NAT)
      .masquerade();
  // The same where net.bridge.bridge-nf-call-iptables is 1: the frame stays on the bridge then, and here it comes from no
  // interface. A container that reaches itself would not believe its own address.
  const std::uint32_t local = RTN_LOCAL;
  batch.add_rule(table, kPostrouting)
      .meta(NFT_META_IIFNAME)
      .equals(interface_bytes(""))
      .meta(NFT_META_OIFNAME)
      .is_in(kBridges)
      .conntrack_has(NFT_CT_STATUS, IPS_DST_NAT)
      .address_type(NFTA_FIB_F_SADDR)
      .differs(bytes_of(local))
      .masquerade();
  const std::uint8_t ipv4 = NFPROTO_IPV4;
  batch.add_rule(table, kPostrouting)
      .meta(NFT_META_OIFNAME)
      .is_in(kBridges)
      .meta(NFT_META_NFPROTO)
      .equals(bytes_of(ipv4))
      .load(first_byte(kFamilies[0].source))
      .equals(view(kLoopbackNet))
      .masquerade();
}

// After the host's own filters, which count and log what they see.
constexpr std::int32_t kAfterHost = NF_IP_PRI_FILTER + 10;

// This host answers no internal network, neither at the gateway's address nor at another of its own; it may speak to the
// containers there.
void add_input(NftBatch& batch, const NftTable& table) {
  constexpr std::uint8_t kSolicitation = 135,
                         kAdvertisement = 136;  // RFC 4861: what ARP is in IPv4
  batch.add_base_chain(table, kInput, {NF_INET_LOCAL_IN, kAfterHost, "filter"});
  batch.add_rule(table, kInput).meta(NFT_META_IIFNAME).is_not_in(kInternal).accept();
  batch.add_rule(table, kInput).conntrack_has(NFT_CT_STATE, kKnownStates).accept();
  for (const std::uint8_t type : {kSolicitation, kAdvertisement})
    of_protocol(batch.add_rule(table, kInput), IPPROTO_ICMPV6)
        .load(kIcmpType)
        .equals(bytes_of(type))
        .accept();
  batch.add_rule(table, kInput).drop();
}

void add_forward(NftBatch& batch, const NftTable& table) {
  batch.add_base_chain(table, kForward, {NF_INET_FORWARD, kAfterHost, "filter"});
  // Frames of one bridge come by where net.bridge.bridge-nf-call-iptables is 1.
  batch.add_rule(table, kForward)
      .meta(NFT_META_IIFNAME)
      .meta(NFT_META_OIFNAME, kAfterInterface)
      .is_in(kSame)
      .accept();
  for (const std::uint32_t side : {NFT_META_IIFNAME, NFT_META_OIFNAME})
    batch.add_rule(table, kForward).meta(side).is_in(kInternal).drop();
  batch.add_rule(table, kForward)
      .meta(NFT_META_IIFNAME)
      .is_not_in(kBridges)
      .meta(NFT_META_OIFNAME)
      .is_not_in(kBridges)
      .accept();
  // What conntrack cannot make sense of, it does not translate, either: it would go out with a container's own address.
  batch.add_rule(table, kForward).conntrack_has(NFT_CT_STATE, NF_CT_STATE_INVALID_BIT).drop();
  batch.add_rule(table, kForward).conntrack_has(NFT_CT_STATE, kKnownStates).accept();
  // Into a bridge, from outside or from another bridge, only through a published port.
  batch.add_rule(table, kForward).conntrack_has(NFT_CT_STATUS, IPS_DST_NAT).accept();
  batch.add_rule(table, kForward).meta(NFT_META_OIFNAME).is_in(kBridges).drop();
}

void add_bridge_sets(NftBatch& batch, const NftTable& table) {
  using namespace nft_type;
  batch.add_set(table, {kPorts, kInterface, 16});
  batch.add_set(table, {kSources4, concat(kInterface, kMac, nft_type::kIpv4), 28});
  batch.add_set(table, {kSources6, concat(kInterface, kMac, nft_type::kIpv6), 40});
  batch.add_set(table, {kEtherTypes, kEtherType, 2, kVerdict, 0});
}

// The key of kSources4 and kSources6: the port that a frame comes from, and the addresses that it says are its own.
NftRule& load_source(NftRule&& rule, const NftField& mac, const NftField& address) {
  return rule.meta(NFT_META_IIFNAME).load(mac, kAfterInterface).load(address, kAfterMac);
}

// Containers do not give others their addresses: RFC 2131, RFC 8415.
void drop_dhcp_server(NftBatch& batch, const NftTable& table, std::string_view chain,
                      std::uint16_t port) {
  const std::uint16_t swapped = htons(port);
  of_protocol(batch.add_rule(table, chain), IPPROTO_UDP)
      .load(kSourcePort)
      .equals(bytes_of(swapped))
      .drop();
}

void add_bridged_ipv4(NftBatch& batch, const NftTable& table) {
  constexpr std::uint16_t kDhcpServer = 67;
  batch.add_chain(table, kIpv4);
  drop_dhcp_server(batch, table, kIpv4, kDhcpServer);
  load_source(batch.add_rule(table, kIpv4), kSourceMac, kFamilies[0].source)
      .is_in(kSources4)
      .accept();
  batch.add_rule(table, kIpv4).drop();
}

// RFC 826: both the frame and what it says have to be the container's.
void add_bridged_arp(NftBatch& batch, const NftTable& table) {
  constexpr std::uint8_t kEthernetIpv4[] = {0, 1, 8, 0, 6, 4};
  batch.add_chain(table, kArp);
  batch.add_rule(table, kArp).load(kArpKind).differs(view(kEthernetIpv4)).drop();
  load_source(batch.add_rule(table, kArp), kArpMac, kArpAddress).is_not_in(kSources4).drop();
  load_source(batch.add_rule(table, kArp), kSourceMac, kArpAddress).is_in(kSources4).accept();
  batch.add_rule(table, kArp).drop();
}

// RFC 4861: a container may look for its neighbours, and answer for its own addresses alone. It is no router.
void add_bridged_ipv6(NftBatch& batch, const NftTable& table) {
  constexpr std::uint16_t kDhcpServer = 547;
  constexpr std::uint8_t kRouterAdvertisement = 134, kRedirect = 137, kSolicitation = 135,
                         kAdvertisement = 136;
  batch.add_chain(table, kIpv6);
  drop_dhcp_server(batch, table, kIpv6, kDhcpServer);
  for (const std::uint8_t type : {kRouterAdvertisement, kRedirect})
    of_protocol(batch.add_rule(table, kIpv6), IPPROTO_ICMPV6)
        .load(kIcmpType)
        .equals(bytes_of(type))
        .drop();
  of_protocol(batch.add_rule(table, kIpv6), IPPROTO_ICMPV6)
      .load(kIcmpType)
      .equals(bytes_of(kAdvertisement))
      .meta(NFT_META_IIFNAME)
      .load(kSourceMac, kAfterInterface)
      .load(kNeighbourTarget, kAfterMac)
      .is_not_in(kSources6)
      .drop();
  load_source(batch.add_rule(table, kIpv6), kSourceMac, kFamilies[1].source)
      .is_in(kSources6)
      .accept();
  // Whether somebody has its address already: RFC 4862, section 5.4.
  of_protocol(batch.add_rule(table, kIpv6), IPPROTO_ICMPV6)
      .load(kIcmpType)
      .equals(bytes_of(kSolicitation))
      .load(kFamilies[1].source)
      .equals(bytes_of(in6addr_any))
      .meta(NFT_META_IIFNAME)
      .load(kSourceMac, kAfterInterface)
      .load(kNeighbourTarget, kAfterMac)
      .is_in(kSources6)
      .accept();
  batch.add_rule(table, kIpv6).drop();
}

// Whatever comes from a container's port is checked before the bridge learns from it. Other protocols than these are no
// containers' business.
void add_bridged(NftBatch& batch, const NftTable& table) {
  batch.add_base_chain(table, kBridged, {NF_BR_PRE_ROUTING, NF_BR_PRI_NAT_DST_BRIDGED, "filter"});
  add_bridged_ipv4(batch, table);
  add_bridged_arp(batch, table);
  add_bridged_ipv6(batch, table);
  constexpr std::pair<std::uint16_t, std::string_view> kKnown[] = {
      {ETH_P_IP, kIpv4}, {ETH_P_ARP, kArp}, {ETH_P_IPV6, kIpv6}};
  for (const auto& [type, chain] : kKnown) {
    const std::uint16_t swapped = htons(type);
    batch.add_verdict(table, kEtherTypes, bytes_of(swapped), chain);
  }
  batch.add_rule(table, kBridged).meta(NFT_META_IIFNAME).is_not_in(kPorts).accept();
  batch.add_rule(table, kBridged).meta(NFT_META_PROTOCOL).verdict_map(kEtherTypes);
  batch.add_rule(table, kBridged).drop();
}

}  // namespace

void build_firewall(NftBatch& batch, const FirewallTables& tables, const std::string& comment) {
  batch.add_table(tables.inet, comment);
  add_inet_sets(batch, tables.inet);
  add_guard(batch, tables.inet);
  batch.add_base_chain(tables.inet, kPrerouting, {NF_INET_PRE_ROUTING, NF_IP_PRI_NAT_DST, "nat"});
  add_publishing(batch, tables.inet, kPrerouting);
  add_output(batch, tables.inet);
  add_postrouting(batch, tables.inet);
  add_input(batch, tables.inet);
  add_forward(batch, tables.inet);
  batch.add_table(tables.bridge, comment);
  add_bridge_sets(batch, tables.bridge);
  add_bridged(batch, tables.bridge);
}

FirewallTables firewall_tables(std::string_view suffix) {
  const std::string name = "planet" + std::string(suffix);
  return {.inet = {NFPROTO_INET, name}, .bridge = {NFPROTO_BRIDGE, name}};
}

std::span<const ChainUses> firewall_chains() {
  return kChains;
}

}  // namespace planet::network
