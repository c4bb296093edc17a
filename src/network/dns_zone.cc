#include "network/dns_zone.h"

#include <algorithm>
#include <array>

namespace planet::network {
namespace {

using dns::Query;
using dns::Rcode;
using Found = std::vector<Address>;

bool has_type(const Address& address, std::uint16_t type) {
  return type == dns::kAny || type == (address.is_ipv4() ? dns::kA : dns::kAaaa);
}

bool is_type_of_hosts(std::uint16_t type) {
  constexpr std::array kTypes{dns::kA, dns::kAaaa, dns::kHttps, dns::kAny};
  return std::ranges::find(kTypes, type) != kTypes.end();
}

bool is_localhost(std::string_view host) {
  return host == "localhost" || host.ends_with(".localhost");
}

std::string answer_with(const Query& query, Found addresses, std::size_t limit,
                        std::uint32_t turn) {
  std::erase_if(addresses, [&](const Address& one) { return !has_type(one, query.type); });
  if (!addresses.empty()) {
    const auto first = static_cast<std::ptrdiff_t>(turn % addresses.size());
    std::ranges::rotate(addresses, addresses.begin() + first);
  }
  return dns::answer_addresses(query, addresses, limit);
}

// All that the network has for "web" or "web.<network>".
Result<Found> find_in(const NamedNetwork& network, std::string_view host, Lookups& lookups) {
  TRY_SET(Found found, lookups.find(network.names, host));
  if (!found.empty()) return found;
  const auto own = dns::Name::from_text(network.name);
  const auto domain = own ? own->host_name() : std::nullopt;
  if (!domain || !host.ends_with("." + *domain)) return found;
  return lookups.find(network.names, host.substr(0, host.size() - domain->size() - 1));
}

// Empty: nobody has the name.
Result<Found> find(std::span<const NamedNetwork> networks, std::string_view host,
                   std::uint16_t type, Lookups& lookups) {
  Found other;
  for (const NamedNetwork& network : networks) {
    TRY_SET(Found found, find_in(network, host, lookups));
    if (std::ranges::any_of(found, [&](const Address& one) { return has_type(one, type); }))
      return found;
    if (other.empty()) other = std::move(found);
  }
  return other;
}

std::string answer_owner(const Query& query, const std::string& name) {
  const auto target = dns::Name::from_text(name);
  // A name that no query can ask for.
  if (!target) return dns::answer_code(query, Rcode::kNxDomain);
  if (query.type != dns::kPtr && query.type != dns::kAny)
    return dns::answer_code(query, Rcode::kNoError);
  return dns::answer_pointer(query, *target);
}

Result<std::optional<std::string>> answer_reverse(std::span<const NamedNetwork> networks,
                                                  const Query& query, const Address& address) {
  if (address.is_loopback()) return answer_owner(query, "localhost");
  for (const NamedNetwork& network : networks) {
    const auto has_it = [&](const Prefix& subnet) { return subnet.contains(address); };
    if (std::ranges::none_of(network.subnets, has_it)) continue;
    TRY_SET(const std::optional<std::string> name, network.names.find_by_address(address));
    // Other servers have no word in it, not even if there is none.
    if (!name) return dns::answer_code(query, Rcode::kNxDomain);
    return answer_owner(query, *name + "." + network.name);
  }
  return std::nullopt;
}

Result<std::optional<std::string>> answer(std::span<const NamedNetwork> networks,
                                          const Query& query, std::size_t limit, std::uint32_t turn,
                                          Lookups& lookups) {
  if (const auto address = dns::reverse_address(query.name))
    return answer_reverse(networks, query, *address);
  const auto host = query.name.host_name();
  if (!host) return std::nullopt;
  TRY_SET(Found found, find(networks, *host, query.type, lookups));
  if (found.empty() && is_localhost(*host))
    for (const char* loopback : {"127.0.0.1", "::1"}) {
      TRY_SET(const Address address, Address::parse(loopback));
      found.push_back(address);
    }
  if (!found.empty()) return answer_with(query, std::move(found), limit, turn);
  if (query.name.label_count() == 1 && is_type_of_hosts(query.type))
    return dns::answer_code(query, Rcode::kNxDomain);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> answer_from_networks(std::span<const NamedNetwork> networks,
                                                const dns::Query& query, std::size_t limit,
                                                std::uint32_t turn, Lookups& lookups) {
  auto answered = answer(networks, query, limit, turn, lookups);
  // The files cannot be read: whether the name is a container's is not known, so nobody else may say what it is.
  if (!answered) return dns::answer_code(query, Rcode::kServFail, dns::Authority::kNone);
  return *std::move(answered);
}

}  // namespace planet::network
