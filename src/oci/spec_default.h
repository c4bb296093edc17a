// The config.json that `planet-runtime spec` writes for a new bundle: a shell, the usual mounts, few rights.
//
// Source: the habits of `runc spec`.
#pragma once

#include <string>

#include "oci/spec.h"

namespace planet::oci {

std::string default_spec_text();

}  // namespace planet::oci
