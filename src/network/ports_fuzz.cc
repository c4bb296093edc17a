#include <cstdint>
#include <cstdlib>
#include <string>

#include "network/ports.h"

// What parses reads the same after it is written, and never names the container's port 0.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::network;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto one = parse_publication(text)) {
    const auto again = parse_publication(publication_text(*one));
    if (!again || *again != *one || one->ports.first == 0) std::abort();
    const Address defaults[] = {*Address::parse("127.0.0.1")};
    if (!plan_ports(std::span(&*one, 1), defaults)) std::abort();
  }
  if (const auto exposed = parse_exposed("--expose", text)) {
    const auto again = parse_exposed("--expose", exposed_text(*exposed));
    if (!again || *again != *exposed) std::abort();
  }
  return 0;
}
