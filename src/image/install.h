// Puts verified blobs and layers where the store keeps them.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "image/load.h"
#include "image/store.h"

namespace planet::image {

// A blob in the staging directory, its bytes already hashed.
struct Blob {
  std::string file;  // its name in staging
  Digest digest;
  std::int64_t size = 0;
};

// Everything of one image, in staging.
struct Parts {
  std::string manifest_text;
  oci::Manifest manifest;
  std::string config_text;
  std::vector<Blob> layers;  // lowest first
};

// Verifies that manifest, configuration and layers belong together, unpacks the layers that are missing, moves the
// blobs in, and records the image under `names`.
Result<Loaded> install_image(const Store& store, const Staging& staging, const Parts& parts,
                             const std::vector<std::string>& names, const Progress& progress);

}  // namespace planet::image
