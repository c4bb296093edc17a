#include "sys/random.h"

#include <sys/random.h>

#include <cstdlib>

namespace planet::sys {

namespace {

// Up to 256 bytes come whole and uninterrupted once the pool is ready: getrandom(2).
void fill(void* buffer, std::size_t size) {
  if (::getrandom(buffer, size, 0) != static_cast<ssize_t>(size)) std::abort();
}

}  // namespace

std::string random_hex(std::size_t digits) {
  std::string bytes(digits / 2, '\0');
  fill(bytes.data(), bytes.size());
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const char c : bytes) {
    text += kDigits[static_cast<unsigned char>(c) >> 4];
    text += kDigits[static_cast<unsigned char>(c) & 15];
  }
  return text;
}

std::uint32_t random_number() {
  std::uint32_t number = 0;
  fill(&number, sizeof number);
  return number;
}

}  // namespace planet::sys
