// Installation: the images of one load, made in staging and verified, then shown in the store all at once.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "image/load.h"
#include "image/members.h"
#include "image/staging.h"
#include "image/store.h"

namespace planet::image {

// Everything of one image, in staging.
struct Parts {
  std::string manifest_text;
  oci::Manifest manifest;
  std::string config_text;
  std::vector<Blob> layers;  // lowest first
};

class Installation {
 public:
  // All are lent.
  Installation(const Store& store, const Staging& staging, const Progress& progress)
      : store_(store), staging_(staging), progress_(progress) {}

  // Verifies that manifest, configuration and layers belong together, and unpacks the layers that neither the store
  // nor an image before this one has. Nothing is visible yet.
  Result<> prepare(const Parts& parts, const std::vector<std::string>& names);

  // Shows what was prepared.
  Result<std::vector<Loaded>> publish();

 private:
  Result<> stage_blobs(const Parts& parts);

  const Store& store_;
  const Staging& staging_;
  const Progress& progress_;
  Staged staged_;
};

}  // namespace planet::image
