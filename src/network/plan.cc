#include "network/plan.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"

namespace planet::network {
namespace {

constexpr std::size_t kMostQuoted = 200;

std::unexpected<Error> bad(std::string_view flag, std::string_view text, std::string_view reason) {
  return fail(Code::kInvalidArgument, std::string(flag) + " " + quote(text.substr(0, kMostQuoted)) +
                                          ": " + std::string(reason));
}

// A prefix whose other bits are not set: "10.1.2.3/24" may mean a subnet or an address.
Result<Prefix> parse_whole_prefix(std::string_view flag, std::string_view text) {
  TRY_SET(const Prefix prefix, Prefix::parse(text.substr(0, kMostQuoted)), flag);
  if (*Address::parse(text.substr(0, text.find('/'))) == prefix.first()) return prefix;
  return bad(flag, text, "it should be " + prefix.to_string());
}

// A subnet while it is put together.
struct Draft {
  Prefix prefix;
  std::optional<Address> gateway;
  std::optional<Prefix> range;
  std::map<std::string, Address> others;
};

// The subnet that `part`, an address or a prefix, is in.
template <class T>
Result<Draft*> draft_with(std::string_view flag, std::string_view text, const T& part,
                          std::vector<Draft>& drafts) {
  const auto found =
      std::ranges::find_if(drafts, [&](const Draft& draft) { return draft.prefix.contains(part); });
  if (found != drafts.end()) return &*found;
  return bad(flag, text,
             drafts.empty() ? "it needs --subnet, too" : "it is in none of the given subnets");
}

Result<> add_gateway(std::string_view text, std::vector<Draft>& drafts) {
  constexpr std::string_view kFlag = "--gateway";
  TRY_SET(const Address address, Address::parse(text.substr(0, kMostQuoted)), kFlag);
  TRY_SET(Draft* const draft, draft_with(kFlag, text, address, drafts));
  if (draft->gateway) return bad(kFlag, text, "the subnet has a gateway already");
  draft->gateway = address;
  return {};
}

Result<> add_range(std::string_view text, std::vector<Draft>& drafts) {
  constexpr std::string_view kFlag = "--ip-range";
  TRY_SET(const Prefix range, parse_whole_prefix(kFlag, text));
  TRY_SET(Draft* const draft, draft_with(kFlag, text, range, drafts));
  if (draft->range) return bad(kFlag, text, "the subnet has a range already");
  draft->range = range;
  return {};
}

Result<> add_other(std::string_view text, std::vector<Draft>& drafts) {
  constexpr std::string_view kFlag = "--aux-address";
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0)
    return bad(kFlag, text, "expected NAME=ADDRESS");
  TRY_SET(const Address address, Address::parse(text.substr(equals + 1, kMostQuoted)), kFlag);
  TRY_SET(Draft* const draft, draft_with(kFlag, text, address, drafts));
  if (!draft->others.emplace(text.substr(0, equals), address).second)
    return bad(kFlag, text, "the name is given twice");
  return {};
}

// The first address that a host can have and nobody is known to have.
Result<Subnet> finished(const Draft& draft) {
  Subnet subnet{.prefix = draft.prefix,
                .gateway = draft.gateway.value_or(draft.prefix.first()),
                .range = draft.range,
                .others = draft.others};
  if (draft.gateway) {
    for (const auto& [name, address] : draft.others)
      if (address == *draft.gateway)
        return bad("--aux-address", name, "its address is the gateway's");
    return subnet;
  }
  // Of a link between two hosts the first address is a host's, too.
  const bool two = draft.prefix.length() + 1 >= draft.prefix.first().bits();
  std::optional<Address> candidate = draft.prefix.first().plus(two ? 0 : 1);
  const auto is_other = [&](const auto& named) { return named.second == *candidate; };
  while (candidate && std::ranges::any_of(draft.others, is_other)) candidate = candidate->plus(1);
  if (!candidate || !draft.prefix.contains(*candidate))
    return bad("--subnet", draft.prefix.to_string(), "no address is left for the gateway");
  subnet.gateway = *candidate;
  return subnet;
}

// Whether a family is wanted: as it was said, or as the subnets have it, or else `otherwise`.
Result<bool> wants(Family family, const std::optional<bool>& said, const std::vector<Draft>& drafts,
                   bool otherwise) {
  const auto given =
      std::ranges::find(drafts, family, [](const Draft& it) { return it.prefix.family(); });
  if (given == drafts.end()) return said.value_or(otherwise);
  if (said && !*said)
    return bad(
        "--subnet", given->prefix.to_string(),
        family == Family::kIpv4 ? "--ipv4=false is given, too" : "--ipv6=false is given, too");
  return true;
}

bool has(const std::vector<Draft>& drafts, Family family) {
  return std::ranges::any_of(drafts, [&](const Draft& it) { return it.prefix.family() == family; });
}

std::vector<Prefix> taken_prefixes(const Surroundings& surroundings) {
  std::vector<Prefix> taken = surroundings.host;
  for (const Network& network : surroundings.networks)
    for (const Subnet& subnet : network.subnets) taken.push_back(subnet.prefix);
  return taken;
}

Result<std::vector<Draft>> given_drafts(const Wish& wish, const Surroundings& surroundings) {
  std::vector<Draft> drafts;
  for (const std::string& text : wish.subnets) {
    TRY_SET(const Prefix prefix, parse_whole_prefix("--subnet", text));
    TRY(check_overlap(prefix, surroundings.networks));
    if (has(drafts, prefix.family()))
      return bad("--subnet", text, "a network has one subnet of IPv4 and one of IPv6");
    drafts.push_back({.prefix = prefix, .gateway = {}, .range = {}, .others = {}});
  }
  for (const std::string& text : wish.gateways) TRY(add_gateway(text, drafts));
  for (const std::string& text : wish.ranges) TRY(add_range(text, drafts));
  for (const std::string& text : wish.others) TRY(add_other(text, drafts));
  return drafts;
}

// Where a subnet of that family is chosen from: nowhere if the store has no /48.
std::vector<Pool> pools_of(Family family, const Surroundings& surroundings) {
  constexpr unsigned kSitesLength = 64;
  std::vector<Pool> pools;
  for (const Pool& pool : surroundings.pools)
    if (pool.prefix.family() == family) pools.push_back(pool);
  if (!pools.empty()) return pools;
  if (family == Family::kIpv4) return default_pools();
  if (surroundings.ipv6_site)
    pools.push_back({.prefix = *surroundings.ipv6_site, .length = kSitesLength});
  return pools;
}

Result<> choose(Family family, const Surroundings& surroundings, std::vector<Draft>& drafts) {
  const std::vector<Pool> pools = pools_of(family, surroundings);
  if (pools.empty() || has(drafts, family)) return {};
  TRY_SET(const Prefix prefix, choose_subnet(pools, taken_prefixes(surroundings)));
  drafts.push_back({.prefix = prefix, .gateway = {}, .range = {}, .others = {}});
  return {};
}

Result<std::vector<Subnet>> plan_subnets(const Wish& wish, const Surroundings& surroundings) {
  TRY_SET(std::vector<Draft> drafts, given_drafts(wish, surroundings));
  TRY_SET(const bool ipv4, wants(Family::kIpv4, wish.ipv4, drafts, true));
  TRY_SET(const bool ipv6, wants(Family::kIpv6, wish.ipv6, drafts, false));
  if (ipv4) TRY(choose(Family::kIpv4, surroundings, drafts));
  if (ipv6) TRY(choose(Family::kIpv6, surroundings, drafts));
  std::ranges::sort(drafts, {}, [](const Draft& draft) { return draft.prefix.first(); });
  std::vector<Subnet> subnets;
  for (const Draft& draft : drafts) {
    TRY_SET(subnets.emplace_back(), finished(draft));
  }
  return subnets;
}

Result<Driver> parse_driver(std::string_view text) {
  for (const Driver driver : {Driver::kBridge, Driver::kMacvlan})
    if (text == driver_name(driver)) return driver;
  return bad("--driver", text, "the drivers are bridge and macvlan");
}

// The default network's bridge is kept for it even before there is one.
Result<> check_bridge(const Network& planned, const std::vector<Network>& networks) {
  if (planned.link.bridge.empty()) return {};
  Network first;
  first.name = kDefaultNetwork;
  const auto same = std::ranges::find_if(networks, [&](const Network& other) {
    return other.driver == Driver::kBridge && other.bridge() == planned.link.bridge;
  });
  if (same == networks.end() && first.bridge() != planned.link.bridge) return {};
  return fail(Code::kAlreadyExists, "the bridge " + planned.link.bridge + " is that of network " +
                                        (same == networks.end() ? kDefaultNetwork : same->name) +
                                        "; choose another name");
}

}  // namespace

Result<Network> plan_network(const Wish& wish, const Surroundings& surroundings) {
  Network network;
  network.name = wish.name;
  network.labels = wish.labels;
  network.options = wish.options;
  network.internal = wish.internal;
  TRY(check_network_name(wish.name));
  const auto& there = surroundings.networks;
  if (std::ranges::find(there, wish.name, &Network::name) != there.end())
    return fail(Code::kAlreadyExists, "network with name " + wish.name +
                                          " already exists; remove it, or choose another name");
  TRY_SET(network.driver, parse_driver(wish.driver));
  TRY_SET(network.link, parse_link_options(network.driver, wish.options));
  TRY(check_bridge(network, there));
  TRY_SET(network.subnets, plan_subnets(wish, surroundings));
  return network;
}

Result<Network> plan_default_network(Surroundings surroundings) {
  // Where the host has set none of IPv4.
  if (std::ranges::none_of(surroundings.pools,
                           [](const Pool& pool) { return pool.prefix.first().is_ipv4(); }))
    std::ranges::copy(default_network_pools(), std::back_inserter(surroundings.pools));
  Wish wish;
  wish.name = kDefaultNetwork;
  return plan_network(wish, surroundings);
}

}  // namespace planet::network
