#include <cstdint>
#include <cstdlib>
#include <string>

#include "image/reference.h"

// Whatever parses must read the same after it is written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto reference =
      planet::image::parse_reference(std::string(reinterpret_cast<const char*>(data), size));
  if (!reference) return 0;
  const auto again = planet::image::parse_reference(reference->text());
  if (!again || again->text() != reference->text()) std::abort();
  return 0;
}
