// A container is connected to one more network, or disconnected from one. At rest its record changes, for the next start; while
// it runs its keeper does the rest at once (engine/connecting.h).
//
// Source: docker-network-connect(1), docker-network-disconnect(1).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/places.h"
#include "network/attachment.h"

namespace planet::engine {

// `id` is the container's; after an error nothing is changed.
// Errors: kNotFound - no such network or container; kWrongState - it is in that network, or has no network of its own; those of
// claim_networks(), and of Connecting::join() of one that runs.
Result<> connect_network(const Places& places, const std::string& id,
                         const network::Attachment& attachment);

// `network` as find_network() takes it. `force`: also one that is not there any more, by the name that it had.
// Errors: kNotFound - no such network or container; kWrongState - it is not in that network.
Result<> disconnect_network(const Places& places, const std::string& id, std::string_view network,
                            bool force);

}  // namespace planet::engine
