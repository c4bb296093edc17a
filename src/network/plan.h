// What a network that is to be made will be: `network create`'s words, judged beside the networks that there are. Pure.
//
// Source: docker-network-create(1).
#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "network/record.h"
#include "network/subnets.h"

namespace planet::network {

// As it was written, but for labels and options.
struct Wish {
  std::string name, driver = "bridge";
  std::vector<std::string> subnets, gateways, ranges;
  std::vector<std::string> others;  // "router=192.0.2.7": --aux-address
  std::optional<bool> ipv4, ipv6;   // none: IPv4, and IPv6 if a subnet is of it
  bool internal = false;
  std::map<std::string, std::string> labels;
  Options options;
};

struct Surroundings {
  std::vector<Network> networks;  // that there are
  std::vector<Prefix> host;  // what the host reaches; a subnet that is chosen keeps clear of it
  std::vector<Pool> pools;   // where it is chosen from; none of a family: the usual ones
  std::optional<Prefix> ipv6_site;  // the usual one of IPv6: the store's own /48
};

// The network, without id and moment.
// Errors: kInvalidArgument, naming the flag and the reason; kAlreadyExists - its name, or that of its bridge, is taken.
Result<Network> plan_network(const Wish& wish, const Surroundings& surroundings);

// The one that every container is in that asks for nothing.
Result<Network> plan_default_network(Surroundings surroundings);

}  // namespace planet::network
