#include "engine/bridge.h"

#include <array>
#include <cstdint>

#include "base/strings.h"
#include "engine/disconnect.h"
#include "network/mac.h"

namespace planet::engine {
namespace {

using network::Family;
using network::Firewall;
using network::FirewallChange;
using network::Links;

// Stays the same as long as the network does, so that its neighbours need not learn another.
network::Mac bridge_mac(const network::Network& network) {
  const network::Subnet* ipv4 = network.subnet_of(Family::kIpv4);
  if (ipv4 != nullptr) return network::Mac::of_ipv4(ipv4->gateway);
  std::array<std::uint8_t, 6> bytes{0x02, 0x42};
  for (std::size_t i = 2; i < bytes.size(); ++i)
    bytes[i] = parse_number<std::uint8_t>(std::string_view(network.id).substr(2 * i, 2), "byte", 16)
                   .value_or(0);
  return network::Mac::from_bytes(bytes);
}

network::Bridge bridge_of(const network::Network& network) {
  network::Bridge bridge{.name = network.bridge(),
                         .mac = bridge_mac(network),
                         .mtu = link_mtu(network),
                         .addresses = {},
                         .route_localnet = true};
  for (const network::Subnet& subnet : network.subnets)
    bridge.addresses.push_back({.address = subnet.gateway, .length = subnet.prefix.length()});
  return bridge;
}

}  // namespace

Result<> ensure_bridge(const Places& places, Links& links, Firewall& firewall,
                       const network::Network& network) {
  TRY_SET(const bool up, links.is_up(network.bridge()));
  if (up) return {};
  FirewallChange change;
  change.add_network({.bridge = network.bridge(), .internal = network.internal});
  TRY(tell_firewall(places, firewall, change));
  if (!network.internal)
    for (const network::Subnet& subnet : network.subnets)
      TRY(network::enable_forwarding(subnet.prefix.family()));
  return links.ensure_bridge(bridge_of(network));
}

void remove_bridge(const network::Network& network, Links& links, Firewall& firewall) {
  (void)links.remove(network.bridge());
  FirewallChange change;
  change.remove_network({.bridge = network.bridge(), .internal = network.internal});
  (void)firewall.apply(change);
}

unsigned link_mtu(const network::Network& network) {
  constexpr unsigned kUsual = 1500;
  return network.link.mtu == 0 ? kUsual : network.link.mtu;
}

}  // namespace planet::engine
