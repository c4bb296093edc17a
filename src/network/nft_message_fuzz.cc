#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "network/nft_message.h"

// What the kernel says of a table and of a chain: whatever it is, nothing is read past its end.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace planet;
  std::string_view datagram(reinterpret_cast<const char*>(data), size);
  while (const auto answer = sys::next_answer(datagram)) {
    network::NftTableState state;
    if (network::read_table(*answer, state) && state.comment.size() > size) std::abort();
    (void)network::read_chain_uses(*answer);
    (void)network::read_rule_chain(*answer, {NFPROTO_INET, "planet"});
  }
  return 0;
}
