// The networks of an engine: making, finding, claiming and removing them. What a network is stands in network/record.h; its
// bridge comes into being with its first container, and nothing of it is on the host before.
//
// Source: docker-network(1).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/places.h"
#include "engine/record.h"
#include "network/plan.h"
#include "network/record.h"

namespace planet::engine {

// All of them by name, with the three that are always there. The default network is written down by whoever first looks.
// Errors: kCorrupt - what is written down of one cannot be read.
Result<std::vector<network::Network>> list_networks(const Places& places);

// By name, by id, or by the beginning of an id that only one has; "default" is "bridge".
// Errors: kNotFound; kInvalidArgument - several begin so; kCorrupt.
Result<network::Network> find_network(const Places& places, std::string_view text);

// Errors: those of network::plan_network; kInvalidArgument - the name of one that is always there.
Result<network::Network> create_network(const Places& places, const network::Wish& wish);

// Whether it has a network namespace of its own, which can be connected.
bool has_own_network(const Record& record);

// The networks that a container is in, by name; none if it is in another container's.
std::vector<std::string> networks_of(const Record& record);

// Its attachment to the network of this name; the end of its attachments if it is not in that.
std::vector<network::Attachment>::const_iterator find_attachment(const Record& record,
                                                                 std::string_view network);

// What the container answers to in a network of its, its own name first; nothing on the default network, where nobody finds
// anybody by name.
std::vector<std::string> names_in(const Record& record, const network::Attachment& attachment);

// The ids of the containers that are in each network, running or not.
using NetworkUsers = std::map<std::string, std::vector<std::string>, std::less<>>;
// Errors: kCorrupt - a container's record cannot be read: it may be in any.
Result<NetworkUsers> network_users(const Places& places);

// One that cannot be read is removed, too, by its name.
// Errors: kNotFound; kWrongState - it is always there, or a container is in it.
Result<> remove_network(const Places& places, std::string_view text);

// Removes those that no container is in, but for the three, and takes back the addresses that containers have left in the
// others when they were killed. `wanted` is asked of each. The names.
Result<std::vector<std::string>> prune_networks(
    const Places& places, const std::function<bool(const network::Network&)>& wanted);

// Whether the container of this id lives, for network::Leases: from the moment when it is being started.
bool holds_leases(const Places& places, const std::string& id);

// For a container that is to be in them all. `attachments` get the names of their networks in place of what they were named by. The lock keeps the networks from being
// removed until the container's record names them.
struct ClaimedNetworks {
  UniqueFd lock;
  std::vector<network::Network> networks;  // in the order of the attachments
};
// Errors: kNotFound; kInvalidArgument - one network twice, an address that it cannot give, host or none by its id.
Result<ClaimedNetworks> claim_networks(const Places& places,
                                       std::vector<network::Attachment>& attachments);

}  // namespace planet::engine
