#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/host_settings.h"

// Whatever is set can be asked for a subnet, which is in one of the pools, and names addresses to listen on.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::network;
  const auto settings = parse_host_settings({reinterpret_cast<const char*>(data), size});
  if (!settings) return 0;
  if (settings->binding && hosts_of(*settings->binding, true, true).empty()) std::abort();
  if (settings->pools.empty()) return 0;
  const auto subnet = choose_subnet(settings->pools, {});
  if (!subnet || !settings->pools.front().prefix.contains(*subnet) ||
      subnet->length() != settings->pools.front().length)
    std::abort();
  return 0;
}
