#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "network/dns_message.h"

namespace {

using namespace planet::network;
using namespace planet::network::dns;

void check(bool holds) {
  if (!holds) std::abort();
}

// Whatever is sent for a query answers it, within its limit.
void check_answers(const Query& query) {
  const std::size_t limit = datagram_limit(query);
  std::vector<Address> addresses;
  addresses.reserve(65);
  for (unsigned last = 0; last < 64; ++last)
    addresses.push_back(*Address::parse("10.88.0.0")->plus(last));
  addresses.push_back(*Address::parse("fd00::1"));
  for (const std::string& answer :
       {answer_code(query, Rcode::kNxDomain), answer_addresses(query, addresses, limit),
        answer_pointer(query, query.name), answer_truncated(query)}) {
    check(answer.size() <= limit);
    check(is_answer(answer, query, query.id));
    check(!parse_query(answer));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string message(reinterpret_cast<const char*>(data), size);
  const auto query = parse_query(message);
  if (!query) {
    check(query.error().answer.size() <= kLeastDatagram);
    return 0;
  }
  check(query->name.wire().size() <= Name::kMostBytes);
  check_answers(*query);
  if (const auto host = query->name.host_name()) check(*Name::from_text(*host) == query->name);
  if (const auto address = reverse_address(query->name))
    check(Address::from_bytes(address->bytes()) == address);
  std::string forwarded = message;
  set_id(forwarded, 7);
  check(parse_query(forwarded)->id == 7);
  return 0;
}
