// What `inspect` says of networks and of who is in them, in docker's words.
//
// Source: Docker Engine API, "Inspect a network", "Inspect a container".
#pragma once

#include "engine/connections.h"
#include "engine/containers.h"
#include "network/record.h"
#include "oci/json.h"

namespace planet::engine {

// With the containers that run in it.
oci::json::object inspect_network(const Places& places, const network::Network& network);

// Pure. `containers` is what is connected now, by id.
oci::json::object network_json(const network::Network& network, oci::json::object containers);

// Pure. "NetworkSettings" of a container; `connections` is what it has now.
oci::json::object network_settings(const Record& record, const Connections& connections);

// What it is connected to now; nothing of one that does not run.
Connections connections_of(const Places& places, const Container& container);

}  // namespace planet::engine
