// The state of a container and what goes around it: read, written, read back.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "oci/features.h"
#include "oci/state.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::oci;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto state = parse_state(text)) {
    const auto again = parse_state(write_state(*state));
    if (!again || *again != *state) std::abort();
  }
  if (const auto state = parse_container_process_state(text)) {
    const auto again = parse_container_process_state(write_container_process_state(*state));
    if (!again || *again != *state) std::abort();
  }
  if (const auto features = parse_features(text)) {
    const auto again = parse_features(write_features(*features));
    if (!again || *again != *features) std::abort();
  }
  return 0;
}
