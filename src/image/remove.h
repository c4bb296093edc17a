// Removing images: names first, then what nothing needs any more.
//
// Source: docker-rmi(1), docker-image-prune(1); the conflicts are docker's, in its words.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/filter.h"
#include "image/store.h"
#include "image/sweep.h"

namespace planet::image {

// What of one image is to go: the part of a removal that is a decision only.
struct RemovalPlan {
  std::vector<std::string> untagged;  // full names, REPOSITORY:TAG and REPOSITORY@DIGEST
  std::vector<std::string> images;    // digests of manifests
};

// `same` is every image with one id, `name` the full name that was given (none: it was the id), `text` what was typed.
// Errors: kWrongState - a conflict.
Result<RemovalPlan> plan_removal(const std::vector<Listed>& same,
                                 const std::optional<std::string>& name, std::string_view text,
                                 bool force, const std::vector<Use>& uses);

struct Removed {
  std::vector<std::string> untagged;  // as docker shows names
  std::vector<std::string> deleted;   // "sha256:...": ids of images, chain ids of layers
  // "sha256:...", for whoever tells of it: the image of each of `untagged`, and of `deleted` those that are images.
  std::vector<std::string> untagged_ids, deleted_ids;
  std::uint64_t bytes = 0;
};

// Errors: kNotFound; kInvalidArgument - an ambiguous id; kWrongState - a conflict; those of `uses`.
Result<Removed> remove_image(const Store& store, std::string_view text, bool force,
                             const Uses& uses);

// Images without a tag, or with `all` every image, if no container has it; of these, those that `filters` (until,
// label) let through. Also what killed removals have left.
Result<Removed> prune_images(const Store& store, bool all, const format::Filters& filters,
                             const Uses& uses);

}  // namespace planet::image
