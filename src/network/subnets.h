// Which addresses a network gets that asks for none: the first part of a pool that nobody has.
//
// The pools keep clear of what others take without asking: docker (172.17.0.0 to 172.31.255.255, 192.168.0.0/16), podman
// (10.88.0.0 and above), Kubernetes and its networks (10.32.0.0/12, 10.42.0.0/15, 10.96.0.0/12, 10.244.0.0/16), clouds and
// swarms (10.0.0.0 and what follows). The second pool is for hosts that have a way to all of 10.0.0.0/8.
//
// IPv6 addresses are unique local ones: each store has 48 bits of its own, at random, so that two hosts do not meet when
// their networks are joined; a network has a /64 of them.
//
// Source: RFC 1918; RFC 4193, section 3.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "network/address.h"
#include "network/record.h"

namespace planet::network {

struct Pool {
  Prefix prefix;
  unsigned length = 0;  // of each network's part
};

std::vector<Pool> default_pools();  // /24 each
// For the network that every container is in that asks for nothing: larger parts.
std::vector<Pool> default_network_pools();

// The first part of the pools, in their order, that overlaps none of `taken`. Prefixes shorter than /7 are not looked at:
// they are a host's way to everywhere, not its way to a network.
// Errors: kSystem - all are taken.
Result<Prefix> choose_subnet(std::span<const Pool> pools, std::span<const Prefix> taken);

// The store's own /48, made at random by whoever asks first. `networks` is their directory.
Result<Prefix> site_prefix(BorrowedFd networks);

// Errors: kInvalidArgument - it overlaps a subnet of one of `networks`, which is named.
Result<> check_overlap(const Prefix& subnet, std::span<const Network> networks);

}  // namespace planet::network
