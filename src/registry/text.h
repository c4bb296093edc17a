// ASCII as the protocols of registries have it, without regard to the locale.
#pragma once

#include <string>
#include <string_view>

namespace planet::registry {

inline bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
inline bool is_alnum(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c);
}
inline bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return byte < 0x20 || byte == 0x7f;
}
// Printed without a space: what a request line is made of.
inline bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}

inline std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return out;
}

}  // namespace planet::registry
