// The bundle that create, run and restore start from.
//
// Source: OCI runtime-spec bundle.md.
#pragma once

#include <string>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::cli {

// Seen from the current directory; an empty path stays empty.
Result<std::string> absolute(const std::string& path);

struct Bundle {
  std::string path;  // absolute
  oci::Spec spec;
};

// Errors: kNotFound; kInvalidArgument - config.json is not one.
Result<Bundle> read_bundle(const std::string& path);

// --no-pivot, which is taken to say why it is not.
Result<> refuse_no_pivot(bool given);

}  // namespace planet::cli
