// The directories of all containers, below root/containers: who has one, who is at it, and what crashes have left there and
// beside it.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/places.h"

namespace planet::engine {

// Ends the name of a directory that was a container's.
inline constexpr const char* kRemoved = ".removed";

// The process that makes and keeps a container holds the lock of its directory all that time, and the kernel lets go of it
// whatever way that process ends.
bool keeper_lives(const Places& places, const std::string& id);

}  // namespace planet::engine
