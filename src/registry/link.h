// The Link field: where the next page of a list is.
//
// Source: RFC 8288, section 3; OCI distribution-spec, "Listing Tags".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace planet::registry {

// The target of the first link with rel="next", as it stands there; nothing if there is none.
// Errors: kInvalidArgument - not the grammar.
Result<std::optional<std::string>> parse_next_link(std::string_view field);

}  // namespace planet::registry
