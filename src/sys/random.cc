#include "sys/random.h"

#include <sys/random.h>

#include <cstdlib>

namespace planet::sys {

std::string random_hex(std::size_t digits) {
  std::string bytes(digits / 2, '\0');
  // Up to 256 bytes come whole and uninterrupted once the pool is ready: getrandom(2).
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
    std::abort();
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

}  // namespace planet::sys
