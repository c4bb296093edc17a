// Remote: an image's repository in its registry, and in the mirrors that stand before it. What comes from there is judged here:
// by its digest, its size and what it says it is.
//
// Source: OCI distribution-spec 1.1, "Pulling manifests"; OCI image-spec descriptor.md.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/byte_source.h"
#include "base/error.h"
#include "image/digest.h"
#include "image/reference.h"
#include "oci/image.h"
#include "registry/client.h"

namespace planet::image {

struct RemoteDocument {
  Digest digest;  // of the bytes that came
  std::string media_type;
  std::string text;
};

// For any number of threads.
class Remote {
 public:
  // `reference` has a host. Credentials belong to each host for itself: a mirror gets none but its own.
  Remote(const registry::Settings& settings, const Reference& reference);

  // What the reference names: an index or a manifest.
  // Errors: kCorrupt - other bytes than the digest or the registry's own word says, or of an unclear type (two readers could take
  // it for different things: CVE-2021-41190); kUnsupported - schema 1; those of registry::Client::manifest.
  Result<RemoteDocument> named(const Reference& reference);
  // The manifest or index that a descriptor of an index names.
  Result<RemoteDocument> described(const oci::Descriptor& descriptor);

  // The blob's bytes, unverified.
  Result<std::unique_ptr<ByteSource>> blob(const Digest& digest, std::uint64_t size);
  // A small blob, verified.
  Result<std::string> document(const oci::Descriptor& descriptor, std::size_t limit);

 private:
  Result<RemoteDocument> fetch(const std::string& by, const Digest* expected);
  std::vector<std::unique_ptr<registry::Client>> clients_;  // mirrors first
};

}  // namespace planet::image
