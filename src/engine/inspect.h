// All that is known of a container or a volume, in docker's words: `planet inspect`.
//
// Source: docker-inspect(1); Docker Engine API, "Inspect a container", "Inspect a volume".
#pragma once

#include "engine/containers.h"
#include "engine/run.h"
#include "engine/volumes.h"
#include "oci/json.h"

namespace planet::engine {

// What the config.json of a container without one (--rm) would say is left at its defaults.
oci::json::object inspect_container(const Places& places, const Container& container);

oci::json::object inspect_volume(const Places& places, const VolumeInfo& volume);

// Bytes of the files that the container has made or changed.
std::uint64_t changed_bytes(const Places& places, const std::string& id);

}  // namespace planet::engine
