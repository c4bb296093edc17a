// One more name for an image.
//
// Source: docker-tag(1).
#pragma once

#include <string_view>

#include "base/error.h"
#include "image/store.h"

namespace planet::image {

// `target` is NAME[:TAG]; without a host it is Docker Hub's, as with docker. A name that is taken changes hands.
// Returns what was done.
// Errors: kNotFound - no image `source`; kInvalidArgument - `target` is no name, or has a digest.
struct Tagged {
  std::string id, name;  // "sha256:...", "busybox:1.36"
};
Result<Tagged> tag_image(const Store& store, std::string_view source, std::string_view target);

}  // namespace planet::image
