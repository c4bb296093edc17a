// index.json: what tools that read OCI image layouts find in the store.
#pragma once

#include <set>
#include <string>

#include "base/error.h"
#include "image/staging.h"
#include "image/store.h"

namespace planet::image {

struct Without {
  std::set<std::string> names, images;
};

// Writes it into staging as it will be when `staged` is there and `without` is not: each name with its manifest, and
// manifests without one. The lock on names is held.
Result<> stage_index(const Store& store, const Staging& staging, const Staged& staged,
                     const Without& without = {});

}  // namespace planet::image
