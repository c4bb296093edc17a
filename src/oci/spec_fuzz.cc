// config.json: read, judged, written. What was written is read back as it was.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "oci/spec_json.h"
#include "oci/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::oci;
  const auto spec = parse_spec({reinterpret_cast<const char*>(data), size});
  if (!spec) return 0;
  (void)validate(*spec);
  const std::string written = write_spec(*spec);
  const auto again = parse_spec(written);
  if (!again || *again != *spec || write_spec(*again) != written) std::abort();
  return 0;
}
