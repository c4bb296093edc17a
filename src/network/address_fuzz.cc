#include <cstdint>
#include <cstdlib>
#include <string>

#include "network/address.h"

// What parses reads the same after it is written, and a prefix contains its ends and nothing past them.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet::network;
  const std::string text(reinterpret_cast<const char*>(data), size);
  if (const auto address = Address::parse(text)) {
    const auto again = Address::parse(address->to_string());
    if (!again || *again != *address) std::abort();
  }
  if (const auto prefix = Prefix::parse(text)) {
    const auto again = Prefix::parse(prefix->to_string());
    if (!again || *again != *prefix) std::abort();
    if (!prefix->contains(prefix->first()) || !prefix->contains(prefix->last())) std::abort();
    if (const auto past = prefix->last().plus(1); past && prefix->contains(*past)) std::abort();
  }
  return 0;
}
