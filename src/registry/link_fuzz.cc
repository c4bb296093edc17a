#include <cstdint>
#include <cstdlib>
#include <string>

#include "registry/blob.h"
#include "registry/link.h"
#include "registry/settings.h"

// Fields that say where more is, and the file of hosts.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto next = planet::registry::parse_next_link(text);
  if (next && *next && (*next)->find('>') != std::string::npos) std::abort();
  const auto range = planet::registry::parse_content_range(text);
  if (range && (range->first > range->last || range->last >= range->size)) std::abort();
  (void)planet::registry::parse_hosts(text);
  return 0;
}
