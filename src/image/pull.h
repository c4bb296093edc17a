// Pull: an image from a registry into the store.
//
// Source: OCI distribution-spec 1.1, "Pull".
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "image/digest.h"
#include "image/reference.h"
#include "image/store.h"
#include "oci/image.h"
#include "registry/settings.h"

namespace planet::image {

struct PullLayer {
  Digest blob;
  std::uint64_t size = 0;
};

// Who watches a pull. Layers go by their number, lowest first; their calls come from several threads.
class PullWatcher {
 public:
  PullWatcher() = default;
  PullWatcher(const PullWatcher&) = delete;
  PullWatcher& operator=(const PullWatcher&) = delete;
  PullWatcher(PullWatcher&&) = delete;
  PullWatcher& operator=(PullWatcher&&) = delete;
  virtual ~PullWatcher() = default;
  virtual void waits() {}  // for another pull of the same image
  virtual void found(const std::vector<PullLayer>& /*layers*/) {}
  virtual void received(std::size_t /*layer*/, std::uint64_t /*bytes*/) {}  // so many by now
  virtual void complete(std::size_t /*layer*/) {}  // never received: it was there
};

struct PullOptions {
  std::optional<oci::Platform> platform;  // none: this machine's
};

struct Pulled {
  std::string name;    // whole: "docker.io/library/debian:12"
  Digest digest;       // that the name stands for in the registry: of an index, or of a manifest
  std::string id;      // of the image, as docker calls it
  bool is_new = true;  // the name did not stand for this image before
};

// The image that `reference` names, for the platform, with this name afterwards. Layers come, are verified and unpacked side by
// side, each in one stream; what the store has is not fetched. Of several pulls of one image at once, one works and the others
// wait. After a failure the store is as before.
// Errors: kNotFound - no such image, or none for the platform; kPermission; kInvalidArgument, kCorrupt - what came is not what
// it should be.
Result<Pulled> pull(const Store& store, const registry::Settings& settings,
                    const Reference& reference, const PullOptions& options, PullWatcher& watcher);

// The tags that the registry has for the repository.
Result<std::vector<std::string>> remote_tags(const registry::Settings& settings,
                                             const Reference& reference);

}  // namespace planet::image
