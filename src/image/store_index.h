// index.json: what tools that read OCI image layouts find in the store.
#pragma once

#include "base/error.h"
#include "image/staging.h"
#include "image/store.h"

namespace planet::image {

// Writes it into staging as it will be when `staged` is there: each name with its manifest, and manifests without one.
// The lock on names is held.
Result<> stage_index(const Store& store, const Staging& staging, const Staged& staged);

}  // namespace planet::image
