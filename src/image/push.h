// Push: an image of the store to a registry.
//
// Source: OCI distribution-spec 1.1, "Push".
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/digest.h"
#include "image/pull.h"
#include "image/reference.h"
#include "image/store.h"
#include "registry/client.h"
#include "registry/settings.h"

namespace planet::image {

// Who watches a push. Calls come from several threads.
class PushWatcher {
 public:
  PushWatcher() = default;
  PushWatcher(const PushWatcher&) = delete;
  PushWatcher& operator=(const PushWatcher&) = delete;
  PushWatcher(PushWatcher&&) = delete;
  PushWatcher& operator=(PushWatcher&&) = delete;
  virtual ~PushWatcher() = default;
  virtual void found(const std::vector<PullLayer>& /*layers*/) {}
  virtual void sent(std::size_t /*layer*/, std::uint64_t /*bytes*/) {}  // so many by now
  // `from`: the repository that it was mounted from.
  virtual void complete(std::size_t /*layer*/, registry::Uploaded /*how*/,
                        const std::string& /*from*/) {}
};

struct Pushed {
  Digest digest;  // of the manifest
  std::size_t size = 0;
};

// The image that the store has under this name, byte for byte. What the registry has is not sent, and what another of its
// repositories has, by the names that images have here, is mounted from there.
// Errors: kNotFound - no such image, or one of its blobs is not here any more; kPermission; those of registry::Client.
Result<Pushed> push(const Store& store, const registry::Settings& settings,
                    const Reference& reference, PushWatcher& watcher);

}  // namespace planet::image
