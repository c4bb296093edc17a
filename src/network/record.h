// What is written down of a network, once, when it is made.
//
// Three are always there and are never made or removed: "bridge", which containers are in that ask for nothing, "host" and
// "none". The first is a network like others; of the other two nothing is written down.
//
// Source: docker-network-create(1); Docker Engine API, "Inspect a network".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "network/address.h"
#include "network/link_options.h"

namespace planet::network {

inline constexpr const char* kDefaultNetwork = "bridge";

struct Subnet {
  Prefix prefix;
  Address gateway;  // this host's own address on a bridge; the router's on a macvlan
  std::optional<Prefix>
      range;  // which addresses are given to who asks for none; none: any of the prefix
  std::map<std::string, Address>
      others;  // names and addresses of what else is there; given to nobody

  // Why no container can have this address of the prefix, after "it is"; null if one can.
  const char* reserved_for(const Address& address) const;
  bool operator==(const Subnet&) const = default;
};

struct Network {
  std::string id, name, created;  // id: 64 hex digits; created: RFC 3339, UTC
  Driver driver = Driver::kBridge;
  std::vector<Subnet> subnets;  // one of each family at most
  bool internal = false;        // no way out of it
  std::map<std::string, std::string> labels;
  Options options;   // as they were given ...
  LinkOptions link;  // ... and what they say

  const Subnet* subnet_of(Family family) const;
  // The bridge's name on this host: planet0 of the default network, pl- and the id's beginning, or what the options say.
  std::string bridge() const;
  bool is_default() const { return name == kDefaultNetwork; }
  bool operator==(const Network&) const = default;
};

// Of "bridge", "host", "none"; and "default", which is docker's other word for the first.
bool is_predefined(std::string_view name);

// "host" and "none": the same in every store.
std::optional<Network> plain_network(std::string_view name);

// Errors: kInvalidArgument - not [a-zA-Z0-9][a-zA-Z0-9_.-]*, or longer than 128.
Result<> check_network_name(std::string_view name);
bool is_network_name(std::string_view name);

// Whether a network can be like this, by itself.
// Errors: kInvalidArgument, naming the part and the reason.
Result<> check_network(const Network& network);

// As JSON, and back. What was written by another version or by hand is judged as if it were to be made.
// Errors: kInvalidArgument.
std::string network_text(const Network& network);
Result<Network> parse_network(std::string_view text);

}  // namespace planet::network
