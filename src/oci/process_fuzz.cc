// process.json of `exec --process`: read, judged, written, read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "oci/spec_json.h"
#include "oci/validate.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::oci;
  const auto process = parse_process({reinterpret_cast<const char*>(data), size});
  if (!process) return 0;
  (void)validate_process(*process);
  const auto again = parse_process(write_process(*process, Form::kPretty));
  if (!again || *again != *process) std::abort();
  return 0;
}
