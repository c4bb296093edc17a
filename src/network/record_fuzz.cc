#include <cstdint>
#include <cstdlib>
#include <string>

#include "network/record.h"

// A record that is taken is a network that can be, and reads the same after it is written.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::network;
  const auto network = parse_network({reinterpret_cast<const char*>(data), size});
  if (!network) return 0;
  if (!check_network(*network) || !is_interface_name(network->bridge())) std::abort();
  const auto again = parse_network(network_text(*network));
  if (!again || *again != *network) std::abort();
  return 0;
}
