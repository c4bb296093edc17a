// Sentences and small checks that validation is made of.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/strings.h"
#include "oci/names.h"

namespace planet::oci {

// A name in a path of fields: "mounts" and 2 make "mounts[2]".
inline std::string at(std::string_view list, std::size_t index) {
  return std::string(list) + "[" + std::to_string(index) + "]";
}
inline std::string at(std::string_view map, std::string_view key) {
  return std::string(map) + "[" + quote(key.substr(0, 100)) + "]";
}

// "WHERE is IS, expected EXPECTED"
std::unexpected<Error> wrong(const std::string& where, std::string_view is,
                             std::string_view expected);
template <std::integral T>
std::unexpected<Error> wrong(const std::string& where, T is, std::string_view expected) {
  return wrong(where, std::string_view(std::to_string(is)), expected);
}
// The same for a text, quoted, and shortened if it is long.
std::unexpected<Error> wrong_text(const std::string& where, std::string_view is,
                                  std::string_view expected);
// Where more is wrong than one value: "WHERE WHAT".
std::unexpected<Error> contradiction(const std::string& where, std::string_view what);

template <std::integral T>
Result<> check_range(const std::string& where, T value, std::int64_t low, std::int64_t high) {
  if (std::cmp_less(value, low) || std::cmp_greater(value, high))
    return wrong(where, value, std::to_string(low) + ".." + std::to_string(high));
  return {};
}

template <std::ranges::range Names>
Result<> check_word(const std::string& where, std::string_view word, const Names& allowed) {
  if (!is_one_of(allowed, word)) return wrong_text(where, word, one_of(allowed));
  return {};
}

template <std::ranges::range Names>
Result<> check_words(const std::string& where, const std::vector<std::string>& words,
                     const Names& allowed) {
  for (std::size_t i = 0; i < words.size(); ++i) TRY(check_word(at(where, i), words[i], allowed));
  return {};
}

Result<> check_absolute(const std::string& where, std::string_view path);

// "0-3,7"; the empty text is none.
Result<> check_number_list(const std::string& where, std::string_view list);

// Numbers of a device node: 12 and 20 bits in the kernel.
inline constexpr std::int64_t kMostMajor = 4095;
inline constexpr std::int64_t kMostMinor = 1048575;

// A network interface's name: dev_valid_name() of the kernel.
Result<> check_interface(const std::string& where, std::string_view name);

}  // namespace planet::oci
