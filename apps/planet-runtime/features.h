// What planet-runtime says of itself: the features document, filled from the tables that do the work.
//
// Source: OCI runtime-spec 1.3, features.md, features-linux.md.
#pragma once

#include "oci/features.h"

namespace planet::cli {

oci::Features own_features();

}  // namespace planet::cli
