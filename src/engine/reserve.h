// What a container takes of which there is only one: its name, and a private range of user ids. Each is a link that
// exactly one process can make.
//
// Ranges are 64 Ki wide and lie between 1879048192 and 2147483647, which systemd's table of user ids
// (UIDS-GIDS.md) leaves unused: 4096 of them.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "engine/places.h"

namespace planet::engine {

// Errors: kAlreadyExists - the name is another container's; kInvalidArgument - not [a-zA-Z0-9][a-zA-Z0-9_.-]*.
Result<> take_name(const Places& places, const std::string& name, const std::string& id);

// A random name that is free.
Result<std::string> take_random_name(const Places& places, const std::string& id);

Result<> check_name(const std::string& name);

// The number of a free range.
// Errors: kSystem - all are taken.
Result<int> take_range(const Places& places, const std::string& id);
std::uint32_t range_base(int range);

// A range that another container has, for this one, too. Nobody else takes it until both are gone.
//   root/shared-ranges/<n>/<id>
// Errors: kNotFound - the other container is gone.
Result<> share_range(const Places& places, int range, const std::string& owner,
                     const std::string& id);
// Of containers that are gone.
void sweep_shared_ranges(const Places& places);

// Gives back what is still the container's.
void release_name(const Places& places, const std::string& name, const std::string& id);
void release_range(const Places& places, int range, const std::string& id);

}  // namespace planet::engine
