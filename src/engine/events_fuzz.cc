// A line of the events file: whatever the bytes, an event or none; and what is one comes back as it was.
#include <cstdint>
#include <cstdlib>

#include "engine/events.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::engine;
  const auto event = decode_event({reinterpret_cast<const char*>(data), size});
  if (!event) return 0;
  const std::string line = encode_event(*event);
  if (line.find('\n') != std::string::npos) std::abort();
  const auto again = decode_event(line);
  if (!again || !(*again == *event)) std::abort();
  (void)event_json(*event);
  return 0;
}
