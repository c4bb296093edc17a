#include <cstdint>
#include <cstdlib>

#include "registry/search.h"

// What a registry says it has: every row has a name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto found = planet::registry::parse_found({reinterpret_cast<const char*>(data), size});
  if (!found) return 0;
  for (const auto& one : *found)
    if (one.name.empty()) std::abort();
  return 0;
}
