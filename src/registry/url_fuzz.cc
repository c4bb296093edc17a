#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "registry/url.h"

// What parses is one line, reads the same after it is written, and means the same as a reference from anywhere.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::registry;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const Url base{.origin = {.scheme = Scheme::kHttps, .host = "r.example", .port = 5000},
                 .target = "/v2/a/b?c=d"};
  const auto url = parse_url(text);
  const auto resolved = resolve_url(base, text);
  if (url && (!resolved || *resolved != *url)) std::abort();
  for (const auto* each : {&url, &resolved}) {
    if (!*each) continue;
    const std::string written = (*each)->text();
    if (!std::ranges::all_of(written, [](char c) { return c > 0x20 && c < 0x7f; })) std::abort();
    if (written.size() > 8192) continue;
    const auto again = parse_url(written);
    if (!again || *again != **each) std::abort();
  }
  return 0;
}
