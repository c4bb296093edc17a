// What --opt says of a network's link, in docker's words. Pure.
//
//   bridge    com.docker.network.bridge.name                  what the bridge is called
//             com.docker.network.bridge.enable_icc            whether its containers may talk with each other
//             com.docker.network.bridge.enable_ip_masquerade  true: what leaves it has this host's address
//             com.docker.network.bridge.host_binding_ipv4     where -p listens that names no address
//             com.docker.network.container_iface_prefix       "eth" of the containers' eth0
//   macvlan   parent, macvlan_mode
//   both      com.docker.network.driver.mtu, or mtu
//
// Source: docker-network-create(1), "Bridge driver options"; docs.docker.com, "Macvlan network driver".
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "network/address.h"

namespace planet::network {

// host and null are those of the two networks that are always there: host and none.
enum class Driver : std::uint8_t { kBridge, kMacvlan, kHost, kNull };
std::string_view driver_name(Driver driver);

enum class MacvlanMode : std::uint8_t { kBridge, kPrivate, kVepa, kPassthru };

inline constexpr const char* kBridgeNameOption = "com.docker.network.bridge.name";

using Options = std::map<std::string, std::string>;

struct LinkOptions {
  unsigned mtu = 0;  // bytes; 0: the kernel's default
  std::string container_prefix = "eth";
  // Of a bridge:
  std::string bridge;  // empty: one made of the network's id
  bool connects_containers = true;
  std::optional<Address> host_binding;
  // Of a macvlan:
  std::string parent;
  MacvlanMode mode = MacvlanMode::kBridge;
  bool operator==(const LinkOptions&) const = default;
};

// Errors: kInvalidArgument - an option that the driver does not have, or a value that it does not.
Result<LinkOptions> parse_link_options(Driver driver, const Options& options);

// What a network interface may be called: 15 letters, digits, '_', '.' and '-', which is less than the kernel takes.
bool is_interface_name(std::string_view text);

}  // namespace planet::network
