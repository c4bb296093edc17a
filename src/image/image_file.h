// What `run` needs to know of an image, and the small file that keeps it: one read instead of manifest, configuration
// and the records of all layers.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/image.h"

namespace planet::image {

struct Image {
  std::string digest;         // of the manifest
  std::string media_type;     // of the manifest: OCI's or docker's
  std::string config_digest;  // the image's id, as docker calls it
  oci::ImageConfig config;
  std::vector<std::string> chain;   // chain ids, topmost first
  std::size_t shown = 0;            // so many of them, from the top, are not hidden by one above
  std::vector<std::string> layers;  // the directories of those for overlayfs, topmost first
  std::uint32_t max_id = 0;         // the largest owner in any layer
  std::string max_id_entry;         // whose it is
  std::uint64_t size = 0;           // bytes of all layers, unpacked
  mode_t root_mode = 0755;          // of the root directory
  std::uint32_t root_uid = 0, root_gid = 0;
};

std::string write_image(const Image& image);

// All but `layers`, which depend on where the store is.
// Errors: kInvalidArgument, kCorrupt - it is not what write_image writes.
Result<Image> parse_image(std::string_view text);

}  // namespace planet::image
