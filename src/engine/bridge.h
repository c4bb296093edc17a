// The bridge of a network on this host: it comes with the first container, and stays until the network goes, so that who comes
// next does not wait for it.
#pragma once

#include "base/error.h"
#include "engine/places.h"
#include "network/firewall.h"
#include "network/links.h"
#include "network/record.h"

namespace planet::engine {

// Of a network with a bridge. The packet filter knows of it before a packet can come.
Result<> ensure_bridge(const Places& places, network::Links& links, network::Firewall& firewall,
                       const network::Network& network);

// No container is in it.
void remove_bridge(const network::Network& network, network::Links& links,
                   network::Firewall& firewall);

// Bytes, also of one that says nothing of it.
unsigned link_mtu(const network::Network& network);

}  // namespace planet::engine
