// The image that is carried inside the program, so that the first `planet run` needs neither network nor registry:
// localhost/busybox:latest, made from Debian's busybox-static when Planet is built (tools/busybox_image.py).
#pragma once

#include "base/error.h"
#include "image/store.h"

namespace planet::image {

inline constexpr const char* kEmbeddedName = "localhost/busybox:latest";

// True if what a user typed means the embedded image.
bool is_embedded_name(std::string_view text);

Result<> load_embedded(const Store& store);

// resolve, but an embedded image that is asked for and not there yet is loaded first.
Result<Image> resolve_or_embedded(const Store& store, std::string_view text);

}  // namespace planet::image
