// Taking away what no image and no container needs: layers and blobs.
//
// `run` takes no lock: it writes a record that names its layers, then opens them. So a layer that seems to be needed by
// nobody is renamed out of layers/ first; then all records are looked at again, and what one names by now goes back.
// Only then it is removed. A load that relies on layers which are here marks them in its staging directory, before it
// asks for them, with an empty file needs-<chain id>; marks count like records.
//
// In the staging directory "gone-<chain id>" may still come back, and does when the remover is killed; what is named
// "dead-<chain id>" may not, and is removed by whoever comes next.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/staging.h"
#include "image/store.h"

namespace planet::image {

// What one container needs.
struct Use {
  std::string container;            // its id
  std::string image;                // digest of the manifest
  std::vector<std::string> layers;  // chain ids
  bool running = false;
};

// Asked for all of them, twice. An error stops the removal: it must not guess.
using Uses = std::function<Result<std::vector<Use>>()>;

struct Swept {
  std::vector<std::string> layers;  // chain ids of those that went
  std::uint64_t bytes = 0;          // of these layers, unpacked, and of blobs
};

// The blobs that an image is made of, as hex digests: manifest, configuration, layers.
// Errors: kNotFound, kInvalidArgument - its manifest is lost or damaged.
Result<std::vector<std::string>> blobs_of(const Store& store, const Image& image);

// The lock on names is held. What it takes away is in `staging` afterwards, and goes with that.
Result<Swept> sweep(const Store& store, const Staging& staging, const Uses& uses);

}  // namespace planet::image
