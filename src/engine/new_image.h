// What `commit` and `import` have in common: an image that is made here.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "oci/json.h"

namespace planet::engine {

constexpr const char* kImageConfigType = "application/vnd.oci.image.config.v1+json";

// What it is to be called; none if `text` is empty: it has only its id then.
// Errors: kInvalidArgument - it is no name, or one with a digest, which a new image cannot know.
Result<std::vector<std::string>> new_image_names(const std::string& text);

// The field of a document, made (or made anew) if it is not an object, or an array.
oci::json::object& object_in(oci::json::object& in, const char* name);
oci::json::array& array_in(oci::json::object& in, const char* name);

// Errors: those of apply_change (engine/image_change.h), for any of them.
Result<> check_changes(const std::vector<std::string>& changes);

}  // namespace planet::engine
