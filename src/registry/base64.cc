#include "registry/base64.h"

#include <algorithm>
#include <cstdint>

namespace planet::registry {
namespace {

constexpr std::string_view kAlphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kGroup = 4;  // characters, for three bytes

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * kGroup);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::string_view three = bytes.substr(i, 3);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j)
      bits = bits << 8 | (j < three.size() ? static_cast<unsigned char>(three[j]) : 0U);
    for (std::size_t j = 0; j < kGroup; ++j)
      out += j <= three.size() ? kAlphabet[bits >> (18 - 6 * j) & 63U] : '=';
  }
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  if (text.size() % kGroup != 0) return std::nullopt;
  std::size_t padding = 0;
  while (padding < 2 && text.ends_with('=')) {
    text.remove_suffix(1);
    ++padding;
  }
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); i += kGroup) {
    const std::string_view group = text.substr(i, kGroup);
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < kGroup; ++j) {
      const std::size_t value = j < group.size() ? kAlphabet.find(group[j]) : 0;
      if (value == std::string_view::npos) return std::nullopt;
      bits = bits << 6 | static_cast<std::uint32_t>(value);
    }
    for (std::size_t j = 0; j + 1 < group.size(); ++j)
      out += static_cast<char>(static_cast<unsigned char>(bits >> (16 - 8 * j)));
  }
  return out;
}

}  // namespace planet::registry
