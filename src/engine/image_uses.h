// What containers need of the image store: for whoever removes images.
#pragma once

#include <vector>

#include "base/error.h"
#include "engine/places.h"
#include "image/sweep.h"

namespace planet::engine {

// Of every container, as it is now.
// Errors: kCorrupt - a record cannot be read, so that nobody knows what its container needs.
Result<std::vector<image::Use>> image_uses(const Places& places);

}  // namespace planet::engine
