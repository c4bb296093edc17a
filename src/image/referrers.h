// What a registry has that refers to an image: signatures, bills of materials, attestations.
//
// Source: OCI distribution-spec 1.1, "Listing Referrers"; image-spec, "subject".
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "image/digest.h"
#include "image/reference.h"
#include "oci/image.h"
#include "registry/settings.h"

namespace planet::image {

struct Referrers {
  Digest subject;  // what the reference stands for at this moment
  std::vector<oci::Descriptor> list;
};

// As the registry lists them; none is fetched, and nobody has checked what they say.
// Errors: kNotFound - the registry has no such image; kCorrupt - its list is none; those of the registry.
Result<Referrers> list_referrers(const registry::Settings& settings, const Reference& reference);

}  // namespace planet::image
