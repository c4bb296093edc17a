// record.json: whatever the bytes, a record or an error; and what is read is written the same again.
#include <cstdint>
#include <cstdlib>

#include "engine/record.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::engine;
  const auto read = parse_record({reinterpret_cast<const char*>(data), size});
  if (!read) return 0;
  const std::string text = record_text(*read);
  const auto again = parse_record(text);
  if (!again || record_text(*again) != text) std::abort();
  return 0;
}
