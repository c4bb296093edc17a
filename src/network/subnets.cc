#include "network/subnets.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "network/store.h"
#include "sys/file.h"
#include "sys/random.h"

namespace planet::network {
namespace {

constexpr unsigned kShortestRoute = 7;  // fc00::/7 is one

Pool pool(const char* prefix, unsigned length) {
  return {.prefix = *Prefix::parse(prefix), .length = length};
}

const Prefix* overlapping(const Prefix& candidate, std::span<const Prefix> taken) {
  const auto found = std::ranges::find_if(taken, [&](const Prefix& other) {
    return other.length() >= kShortestRoute && other.overlaps(candidate);
  });
  return found == taken.end() ? nullptr : &*found;
}

std::optional<Prefix> first_free(const Pool& pool, std::span<const Prefix> taken) {
  Prefix candidate = Prefix::around(pool.prefix.first(), pool.length);
  while (pool.prefix.contains(candidate)) {
    const Prefix* other = overlapping(candidate, taken);
    if (other == nullptr) return candidate;
    const auto next = std::max(candidate.last(), other->last()).plus(1);
    if (!next) return std::nullopt;
    candidate = Prefix::around(*next, pool.length);
  }
  return std::nullopt;
}

// fd, and forty random bits.
std::string random_site() {
  const std::string digits = sys::random_hex(10);
  return "fd" + digits.substr(0, 2) + ":" + digits.substr(2, 4) + ":" + digits.substr(6, 4) +
         "::/48";
}

}  // namespace

std::vector<Pool> default_pools() {
  return {pool("10.78.0.0/15", 24), pool("172.16.0.0/16", 24)};
}

std::vector<Pool> default_network_pools() {
  return {pool("10.76.0.0/15", 16), pool("172.16.0.0/16", 20)};
}

Result<Prefix> choose_subnet(std::span<const Pool> pools, std::span<const Prefix> taken) {
  for (const Pool& pool : pools)
    if (const auto free = first_free(pool, taken)) return *free;
  return fail(Code::kSystem,
              "no free subnet is left: other networks and this host's routes have them all; give "
              "one with --subnet, or remove networks");
}

Result<Prefix> site_prefix(BorrowedFd networks) {
  auto text = sys::read_link_at(networks, kSiteLink);
  if (!text && text.error().code() == Code::kNotFound) {
    const Result<> made = sys::symlink_at(random_site().c_str(), networks, kSiteLink);
    if (!made && made.error().code() != Code::kAlreadyExists) return std::unexpected(made.error());
    text = sys::read_link_at(networks, kSiteLink);
  }
  if (!text) return std::unexpected(text.error());
  constexpr unsigned kSiteLength = 48;
  const auto site = Prefix::parse(*text);
  static const Prefix kUniqueLocal = *Prefix::parse("fd00::/8");
  if (!site || site->length() != kSiteLength || !kUniqueLocal.contains(*site))
    return fail(Code::kCorrupt, std::string("networks/") + kSiteLink + " is " + quote(*text) +
                                    " and no /48 of fd00::/8; remove it");
  return *site;
}

Result<> check_overlap(const Prefix& subnet, std::span<const Network> networks) {
  for (const Network& network : networks)
    for (const Subnet& other : network.subnets)
      if (other.prefix.overlaps(subnet))
        return fail(Code::kInvalidArgument, "subnet " + subnet.to_string() + " overlaps " +
                                                other.prefix.to_string() + " of network " +
                                                network.name + "; choose another");
  return {};
}

}  // namespace planet::network
