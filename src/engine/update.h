// Update: other limits and another restart policy for a container that is there. They hold at once if it runs, and
// for every later start.
#pragma once

#include <optional>

#include "base/error.h"
#include "engine/containers.h"
#include "engine/request.h"
#include "oci/spec.h"

namespace planet::engine {

// What `changes` does not name stays as it is.
// Errors: kInvalidArgument - the limits contradict each other; kWrongState - it is removed at its end, and so has no policy;
// else the kernel's, saying what was asked.
Result<> update(const Places& places, const Container& container, const oci::Resources& changes,
                const std::optional<RestartPolicy>& restart);

// `changes` over `resources`. Pure.
void merge_resources(oci::Resources& resources, const oci::Resources& changes);

}  // namespace planet::engine
