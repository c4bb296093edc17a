// config.json: the runtime specification's Spec, read.
//
// Source: OCI runtime-spec 1.2, config.md, config-linux.md; schema/config-schema.json.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::oci {

inline constexpr std::size_t kMostConfigBytes = 16U << 20;

// Fields that the specification does not know are ignored, as it asks.
// Errors: kInvalidArgument - not JSON, a wrong type or a number out of range, naming the field.
Result<Spec> parse_spec(std::string_view text);

}  // namespace planet::oci
