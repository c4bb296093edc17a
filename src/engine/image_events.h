// What was done with images, for whoever watches (engine/events.h).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/places.h"
#include "image/load.h"
#include "image/remove.h"
#include "image/tag.h"

namespace planet::engine {

void note_loaded(const Places& places, const std::vector<image::Loaded>& images);
void note_removed(const Places& places, const image::Removed& removed);
void note_tagged(const Places& places, const image::Tagged& tagged);

// "pull" or "push" of a name as references have it whole.
void note_transfer(const Places& places, const char* action, std::string_view name);

}  // namespace planet::engine
