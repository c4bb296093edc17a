// The file of a container's connections: whatever the bytes, connections or an error; and what is read is written the same again.
#include <cstdint>
#include <cstdlib>

#include "engine/connections.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::engine;
  const auto read = parse_connections({reinterpret_cast<const char*>(data), size});
  if (!read) return 0;
  const std::string text = connections_text(*read);
  const auto again = parse_connections(text);
  if (!again || connections_text(*again) != text) std::abort();
  return 0;
}
