// What a volume may be called: a name that is one component of a path, and never "." or "..".
//
// Source: docker-volume-create(1).
#pragma once

#include <algorithm>
#include <string_view>

#include "base/error.h"
#include "base/strings.h"

namespace planet::engine {

inline bool is_volume_name(std::string_view text) {
  constexpr std::size_t kMost = 200;  // a component has 255 bytes, and some are ours
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return text.size() >= 2 && text.size() <= kMost && plain(text.front()) &&
         std::ranges::all_of(text,
                             [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

// Errors: kInvalidArgument - not [a-zA-Z0-9][a-zA-Z0-9_.-]+.
inline Result<> check_volume_name(std::string_view name) {
  if (is_volume_name(name)) return {};
  return fail(Code::kInvalidArgument,
              "volume name " + quote(name.substr(0, 300)) +
                  ": expected two or more letters, digits, '_', '.' and '-', a letter or digit "
                  "first; a directory of the host is written with its absolute path");
}

}  // namespace planet::engine
