// Base64 with padding, as the Authorization field and docker's config.json have it.
//
// Source: RFC 4648, section 4.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace planet::registry {

std::string to_base64(std::string_view bytes);

// Nothing if `text` is not whole groups of four of the alphabet, padding only at the end. Bits left over in the last group
// are ignored, as docker does.
std::optional<std::string> from_base64(std::string_view text);

}  // namespace planet::registry
