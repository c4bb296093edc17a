// What a container's networks say to a query: the names of the containers there, and the addresses asked back.
//
// Source: RFC 6761, section 6.3 (localhost); RFC 2308, section 2 (no such name, no such type).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "network/address.h"
#include "network/dns_lookups.h"
#include "network/dns_message.h"
#include "network/names.h"

namespace planet::network {

struct NamedNetwork {
  std::string name;
  Names names;
  std::vector<Prefix> subnets;
};

// The answer, of at most `limit` bytes where it has addresses; nothing: the query is one for other servers. The first network that
// has the name, and an address of the type, is the one that counts. "web.blue" is web on the network blue. Of several addresses
// number `turn` is the first, counted round. `networks` stays where it is until `lookups` forgets.
//
// A name of one label that nobody has does not exist, and other servers do not hear of it, though docker asks them: it is most
// likely that of a container which is not there now, and who answers for every name would then be taken for it. A host's bare
// name belongs to the search list. (Types that domains have, as NS and SOA, are asked elsewhere: "com" is one label, too.)
std::optional<std::string> answer_from_networks(std::span<const NamedNetwork> networks,
                                                const dns::Query& query, std::size_t limit,
                                                std::uint32_t turn, Lookups& lookups);

}  // namespace planet::network
