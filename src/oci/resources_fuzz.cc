// What `update --resources` is given: read, judged, written, read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "oci/spec_json.h"
#include "oci/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::oci;
  const auto resources = parse_resources({reinterpret_cast<const char*>(data), size});
  if (!resources) return 0;
  (void)validate_resources(*resources);
  const auto again = parse_resources(write_resources(*resources));
  if (!again || *again != *resources) std::abort();
  return 0;
}
