#include <cstdint>
#include <string_view>

#include "oci/spec_json.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  (void)planet::oci::parse_spec({reinterpret_cast<const char*>(data), size});
  return 0;
}
