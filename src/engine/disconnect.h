// The way out of networks: what a container had of them is taken away, by its keeper at the end, or by whoever finds what a keeper
// that was killed has left.
#pragma once

#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/error.h"
#include "engine/connections.h"
#include "engine/places.h"
#include "network/firewall.h"
#include "sys/process.h"

namespace planet::engine {

// The packet filter of the containers of this run directory.
Result<network::Firewall> open_firewall(const Places& places);

// Applies the change; where somebody has emptied the packet filter since the caller's look it is made again first.
Result<> tell_firewall(const Places& places, network::Firewall& firewall,
                       const network::FirewallChange& change);

// Tells the packet filter of a container that holds its ports of this host: whatever it has for them was left by another.
Result<> admit(const Places& places, network::Firewall& firewall, const Connections& connections);

// For who holds these ports of the host, and the lock of the connections: whoever else is written down as having one had it when
// its keeper was killed. The packet filter sends nothing there any more, and when the other is taken away, the port stays.
Result<> take_over_ports(const Places& places, const std::string& holder,
                         std::span<const network::PublishedPort> held);

// Takes away all that the container has of its networks, and at last what is written down of it. Nothing of it need be there.
// Interfaces go by themselves, with the namespace that they are in. Returns what the packet filter was told by, if it was: who
// closes it waits for ten milliseconds (engine/tidier.h).
std::optional<network::Firewall> take_away(const Places& places, const std::string& id,
                                           const Connections& connections);

// One network of a container that goes on: its names, what the packet filter knows of it, its addresses. Published ports lead
// from `before`, where it is still among them, to `after` at one stroke. What is written down is left to the caller.
void take_away_one(const Places& places, const std::string& id, const Connection& gone,
                   const Connections& before, const Connections& after);

// The same of what is written down, and nothing is left to wait for; the caller holds the container's lock, or it is no container
// any more.
void disconnect(const Places& places, const std::string& id);

// Disconnects those that are not alive. Those of `living` have just been looked at.
void sweep_connections(const Places& places, const std::set<std::string>& living = {});

// The packet filter is there afterwards, with all networks and those containers that are connected, also where somebody has
// emptied it meanwhile.
Result<network::Firewall> ensure_firewall(const Places& places);
// The same with one that is open. True if it was not there.
Result<bool> ensure_firewall(const Places& places, network::Firewall& firewall);

}  // namespace planet::engine
