// The networks that this host reaches, its own addresses among them: what a new network keeps clear of.
//
// Source: the kernel's Documentation/networking/fib_trie.rst, net/ipv4/fib_trie.c (fib_trie_seq_show) and net/ipv6/route.c
// (rt6_info_route).
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "network/address.h"

namespace planet::network {

// Of all tables of the namespace that the caller is in, in no order. A host without IPv6 has none of those.
Result<std::vector<Prefix>> host_routes();

// The text of /proc/net/fib_trie and of /proc/net/ipv6_route. A line of another form is passed over. Pure.
std::vector<Prefix> parse_ipv4_routes(std::string_view text);
std::vector<Prefix> parse_ipv6_routes(std::string_view text);

}  // namespace planet::network
