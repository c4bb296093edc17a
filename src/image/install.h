// Installation: the images of one load, made in staging and verified, then shown in the store all at once.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "image/layer_install.h"
#include "image/load.h"
#include "image/staging.h"
#include "image/store.h"
#include "oci/image.h"

namespace planet::image {

// A layer of an image: its packed bytes are in staging, or come there while it is unpacked, or are in the store.
struct PartLayer {
  Digest blob;
  std::string file;  // what they are called in staging, if they are there in the end
  bool has_blob = false;
  std::function<Result<std::unique_ptr<PackedLayer>>()> open;
  std::function<void()> done;
};

// Everything of one image.
struct Parts {
  std::string manifest_text;
  oci::Manifest manifest;
  std::string config_text;
  std::vector<PartLayer> layers;  // lowest first
};

class Installation {
 public:
  // `store` and `staging` are lent.
  Installation(const Store& store, const Staging& staging, UnpackOptions options)
      : store_(store), staging_(staging), options_(std::move(options)) {}

  // Verifies that manifest, configuration and layers belong together, and unpacks the layers that neither the store
  // nor an image before this one has. Nothing is visible yet.
  // `repo_digests`: what its registry calls it.
  Result<> prepare(const Parts& parts, const std::vector<std::string>& names,
                   const std::vector<std::string>& repo_digests = {});

  // Shows what was prepared.
  Result<std::vector<Loaded>> publish();

 private:
  Result<> stage_blobs(const Parts& parts);

  const Store& store_;
  const Staging& staging_;
  UnpackOptions options_;
  Staged staged_;
};

}  // namespace planet::image
