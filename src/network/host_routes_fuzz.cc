#include <cstdint>
#include <cstdlib>
#include <string>

#include "network/host_routes.h"

// Every route that is read is a prefix that can be written and read again.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::network;
  const std::string text(reinterpret_cast<const char*>(data), size);
  for (const auto& routes : {parse_ipv4_routes(text), parse_ipv6_routes(text)})
    for (const Prefix& route : routes)
      if (Prefix::parse(route.to_string()).value() != route) std::abort();
  return 0;
}
