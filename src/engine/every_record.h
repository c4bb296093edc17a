// The records of all containers, for those who take away what a container may need.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/places.h"
#include "engine/record.h"

namespace planet::engine {

// Those being made or removed at this moment are left out: they have nothing yet, or nothing any more.
// Errors: kCorrupt - one is damaged, as needs_unknown says it.
Result<std::vector<Record>> every_record(const Places& places);

// What a damaged record means for them. `name`: the container's name or id.
std::unexpected<Error> needs_unknown(std::string_view name, std::string_view id,
                                     const Error& damage);

}  // namespace planet::engine
