#include <cstdint>
#include <string_view>

#include "security/users.h"

// The input is "user\0passwd\0group".
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::size_t first = text.find('\0');
  if (first == std::string_view::npos) return 0;
  const std::size_t second = text.find('\0', first + 1);
  if (second == std::string_view::npos) return 0;
  (void)planet::security::resolve_user(
      text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1));
  return 0;
}
