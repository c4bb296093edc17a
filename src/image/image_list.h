// The images of a store as `images` lists them, and what --filter leaves of them.
//
// Source: docker-images(1).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "format/filter.h"
#include "image/store.h"

namespace planet::image {

// One name of an image, or one image without a name. Empty where docker says <none>.
struct ImageRow {
  std::string repository, tag;  // "busybox", "latest"
  std::string digest;           // "sha256:...", of the manifest as a registry knows it
  std::string id;               // 64 digits
  std::string created;          // RFC 3339
  std::uint64_t size = 0;
};

// "docker.io/library/busybox:1" as docker shows it: "busybox:1".
std::string familiar(std::string_view name);

Result<format::Filters> parse_image_filters(const std::vector<std::string>& texts);

// Newest first. `reference` is "" or a name, a name and tag, or a pattern of such.
// Errors: kInvalidArgument - a filter's value; kNotFound - before= or since= an image that is not here.
Result<std::vector<ImageRow>> list_rows(const Store& store, const format::Filters& filters,
                                        std::string_view reference);

}  // namespace planet::image
