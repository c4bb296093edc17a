// An image in docker's terms: `inspect` and `history`.
//
// Source: docker-image-inspect(1), docker-history(1); Docker Engine API, "Inspect an image"; OCI image-spec config.md.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "image/store.h"
#include "oci/json.h"

namespace planet::image {

// Id, RepoTags, RepoDigests, Created, Config, RootFS, ... as `docker image inspect` has them.
// Errors: those of Store::resolve; kCorrupt - the configuration is damaged.
Result<oci::json::object> inspect_image(const Store& store, std::string_view text);

// One step of how an image was made.
struct HistoryStep {
  std::string id;  // of the image, for the last step; empty for those before
  std::string created, created_by, comment;
  std::uint64_t size = 0;  // what it added, unpacked
};

// The last step first.
Result<std::vector<HistoryStep>> image_history(const Store& store, std::string_view text);

}  // namespace planet::image
