// The way out of networks: what a container had of them is taken away, by its keeper at the end, or by whoever finds what a keeper
// that was killed has left.
#pragma once

#include <set>
#include <string>

#include "base/error.h"
#include "engine/connections.h"
#include "engine/places.h"
#include "network/firewall.h"
#include "sys/process.h"

namespace planet::engine {

// The packet filter of the containers of this run directory.
Result<network::Firewall> open_firewall(const Places& places);

// What the packet filter knows of a connected container.
void put_container(network::FirewallChange& change, const Connections& connections);

// Whatever it knows of the ports of this host that the container has.
void take_ports(network::FirewallChange& change, const Connections& connections);

// Takes away all that the container has of its networks, and at last what is written down of it. Nothing of it need be there.
// Interfaces go by themselves, with the namespace that they are in.
void take_away(const Places& places, const std::string& id, const Connections& connections);

// The same, but the packet filter, which takes the kernel ten milliseconds to let go, is left to a process of its own.
// Returns that process, if one was needed.
sys::Child take_away_quickly(const Places& places, const std::string& id,
                             const Connections& connections);

// The same of what is written down; the caller holds the container's lock, or it is no container any more.
void disconnect(const Places& places, const std::string& id);

// Disconnects those that are not alive. Those of `living` have just been looked at.
void sweep_connections(const Places& places, const std::set<std::string>& living = {});

// The packet filter is there afterwards, with all networks and those containers that are connected, also where somebody has
// emptied it meanwhile.
Result<network::Firewall> ensure_firewall(const Places& places);

}  // namespace planet::engine
