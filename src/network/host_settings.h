// What this host has set for container networks, in the words of docker's daemon.json:
//
//   /etc/planet/networks.json (another, if PLANET_NETWORKS names one):
//   {"ip": "0.0.0.0", "default-address-pools": [{"base": "10.10.0.0/16", "size": 24}]}
//
// It is read by whoever needs it: a container with ports that name no address, a network that chooses its subnet.
//
// Source: dockerd(8), --ip, --default-address-pool.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "network/address.h"
#include "network/subnets.h"

namespace planet::network {

struct HostSettings {
  std::optional<Address> binding;  // where ports are published that name no address
  std::vector<Pool> pools;  // where subnets are chosen from; none of a family: the usual ones
};

// Pure. Errors: kInvalidArgument - not such a text, naming the field. A field that nobody knows is one: a word spelt wrong
// would otherwise silently not count.
Result<HostSettings> parse_host_settings(std::string_view text);

// Nothing is set if there is no file and none is named.
// Errors: those of parse_host_settings, naming the file, and of reading; kInvalidArgument - PLANET_NETWORKS is relative.
Result<HostSettings> read_host_settings();

// The addresses of this host that `binding` means for a container with addresses of these families: as with docker,
// 0.0.0.0 is all of them, and :: is, too.
std::vector<Address> hosts_of(const Address& binding, bool ipv4, bool ipv6);

}  // namespace planet::network
