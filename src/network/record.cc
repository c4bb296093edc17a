#include "network/record.h"

#include <algorithm>
#include <iterator>

#include "base/strings.h"
#include "oci/codec.h"

template <>
struct planet::oci::EnumNames<planet::network::Driver> {
  static constexpr std::pair<std::string_view, network::Driver> kNames[] = {
      {"bridge", network::Driver::kBridge}, {"macvlan", network::Driver::kMacvlan}};
};

namespace planet::network {

using oci::Is;

namespace {

constexpr std::size_t kMostRecord = 1U << 20;
constexpr std::size_t kMostName = 128;
constexpr std::size_t kMostQuoted = 200;
constexpr std::size_t kIdDigits = 64;

// The file's own words: addresses are text there.
struct WrittenSubnet {
  std::string prefix, gateway, range;
  std::map<std::string, std::string> others;
  bool operator==(const WrittenSubnet&) const = default;
};
struct WrittenNetwork {
  std::string id, name, created;
  Driver driver = Driver::kBridge;
  std::vector<WrittenSubnet> subnets;
  bool internal = false;
  std::map<std::string, std::string> labels, options;
};

void describe(auto& v, Is<WrittenSubnet> auto& subnet) {
  v.required("prefix", subnet.prefix);
  v.required("gateway", subnet.gateway);
  v.optional("range", subnet.range);
  v.optional("others", subnet.others);
}

void describe(auto& v, Is<WrittenNetwork> auto& network) {
  v.required("id", network.id);
  v.required("name", network.name);
  v.always("created", network.created);
  v.always("driver", network.driver);
  v.always("subnets", network.subnets);
  v.optional("internal", network.internal);
  v.optional("labels", network.labels);
  v.optional("options", network.options);
}

Result<Subnet> read_subnet(const WrittenSubnet& written) {
  Subnet subnet;
  TRY_SET(subnet.prefix, Prefix::parse(written.prefix));
  TRY_SET(subnet.gateway, Address::parse(written.gateway));
  if (!written.range.empty()) {
    TRY_SET(subnet.range, Prefix::parse(written.range));
  }
  for (const auto& [name, text] : written.others) {
    TRY_SET(const Address address, Address::parse(text));
    subnet.others.emplace(name, address);
  }
  return subnet;
}

WrittenSubnet written_subnet(const Subnet& subnet) {
  WrittenSubnet written{.prefix = subnet.prefix.to_string(),
                        .gateway = subnet.gateway.to_string(),
                        .range = subnet.range ? subnet.range->to_string() : "",
                        .others = {}};
  for (const auto& [name, address] : subnet.others)
    written.others.emplace(name, address.to_string());
  return written;
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool is_id(std::string_view text) {
  return text.size() == kIdDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

// Of a link between two hosts every address is a host's (RFC 3021, RFC 6164).
bool has_ends(const Prefix& prefix) {
  return prefix.length() + 1 < prefix.first().bits();
}

Result<> check_prefix(const Prefix& prefix) {
  const auto bad = [&](const char* reason) {
    return fail(Code::kInvalidArgument, "subnet " + prefix.to_string() + ": " + reason);
  };
  static const Prefix kLinkLocal = Prefix::around(*Address::parse("fe80::"), 10);
  static const Prefix kLoopback = Prefix::around(*Address::parse("127.0.0.0"), 8);
  const unsigned bits = prefix.first().bits();
  constexpr unsigned kShortest = 8;
  if (prefix.length() < kShortest) return bad("it is larger than a /8, more than a network needs");
  if (prefix.length() == bits) return bad("it has no room for a container beside its gateway");
  if (prefix.first().is_multicast() || prefix.overlaps(kLoopback) || prefix.overlaps(kLinkLocal) ||
      prefix.first().is_unspecified())
    return bad("its addresses are not for hosts");
  return {};
}

Result<> check_subnet(const Subnet& subnet) {
  TRY(check_prefix(subnet.prefix));
  const std::string where = " is not in the subnet " + subnet.prefix.to_string();
  if (!subnet.prefix.contains(subnet.gateway))
    return fail(Code::kInvalidArgument, "gateway " + subnet.gateway.to_string() + where);
  if (subnet.range && !subnet.prefix.contains(*subnet.range))
    return fail(Code::kInvalidArgument, "range " + subnet.range->to_string() + where);
  for (const auto& [name, address] : subnet.others)
    if (!subnet.prefix.contains(address))
      return fail(Code::kInvalidArgument, "address " + address.to_string() + " of " +
                                              quote(name.substr(0, kMostQuoted)) + where);
  const bool at_end = has_ends(subnet.prefix) &&
                      (subnet.gateway == subnet.prefix.first() ||
                       (subnet.gateway == subnet.prefix.last() && subnet.gateway.is_ipv4()));
  if (at_end)
    return fail(Code::kInvalidArgument, "gateway " + subnet.gateway.to_string() +
                                            " is the first or the last address of " +
                                            subnet.prefix.to_string() + ", which no host can have");
  return {};
}

Network plain(const char* name, const char* id, Driver driver) {
  Network network;
  network.id = id;
  network.name = name;
  network.created = "0001-01-01T00:00:00Z";
  network.driver = driver;
  return network;
}

}  // namespace

const char* Subnet::reserved_for(const Address& address) const {
  if (address == gateway) return "the gateway's";
  if (has_ends(prefix) && address == prefix.first()) return "the network's own";
  if (has_ends(prefix) && address.is_ipv4() && address == prefix.last()) return "for broadcasts";
  const bool other =
      std::ranges::any_of(others, [&](const auto& named) { return named.second == address; });
  return other ? "kept for another host by --aux-address" : nullptr;
}

const Subnet* Network::subnet_of(Family family) const {
  const auto found = std::ranges::find_if(
      subnets, [&](const Subnet& subnet) { return subnet.prefix.family() == family; });
  return found == subnets.end() ? nullptr : &*found;
}

std::string Network::bridge() const {
  constexpr std::size_t kDigits =
      12;  // with "pl-" the fifteen letters that an interface's name has
  if (!link.bridge.empty()) return link.bridge;
  return is_default() ? "planet0" : "pl-" + id.substr(0, kDigits);
}

bool is_predefined(std::string_view name) {
  return name == kDefaultNetwork || name == "default" || plain_network(name).has_value();
}

std::optional<Network> plain_network(std::string_view name) {
  // The ids begin with the names, in ASCII.
  if (name == "none")
    return plain("none", "6e6f6e6500000000000000000000000000000000000000000000000000000000",
                 Driver::kNull);
  if (name == "host")
    return plain("host", "686f737400000000000000000000000000000000000000000000000000000000",
                 Driver::kHost);
  return std::nullopt;
}

bool is_network_name(std::string_view name) {
  return !name.empty() && name.size() <= kMostName && is_word(name.front()) &&
         std::ranges::all_of(name,
                             [](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; });
}

Result<> check_network_name(std::string_view name) {
  if (is_network_name(name)) return {};
  return fail(Code::kInvalidArgument,
              "network name " + quote(name.substr(0, kMostQuoted)) +
                  ": expected 1 to 128 letters, digits, '_', '.' and '-', a letter or digit first");
}

Result<> check_network(const Network& network) {
  TRY(check_network_name(network.name));
  if (!is_id(network.id))
    return fail(Code::kInvalidArgument,
                "id " + quote(network.id.substr(0, kMostQuoted)) + " is not 64 hexadecimal digits");
  for (const Subnet& subnet : network.subnets) TRY(check_subnet(subnet));
  for (const Family family : {Family::kIpv4, Family::kIpv6})
    if (std::ranges::count_if(network.subnets, [&](const Subnet& subnet) {
          return subnet.prefix.family() == family;
        }) > 1)
      return fail(Code::kInvalidArgument, std::string("a network has one subnet of ") +
                                              (family == Family::kIpv4 ? "IPv4" : "IPv6") +
                                              ", and these are several");
  if (network.subnets.empty())
    return fail(Code::kInvalidArgument, "a network without IPv4 and without IPv6 connects nobody");
  return {};
}

std::string network_text(const Network& network) {
  WrittenNetwork written{.id = network.id,
                         .name = network.name,
                         .created = network.created,
                         .driver = network.driver,
                         .subnets = {},
                         .internal = network.internal,
                         .labels = network.labels,
                         .options = network.options};
  for (const Subnet& subnet : network.subnets) written.subnets.push_back(written_subnet(subnet));
  return oci::to_text(oci::Writer::write(written));
}

Result<Network> parse_network(std::string_view text) {
  TRY_SET(const oci::json::value value,
          oci::parse_json(text, kMostRecord, oci::Strings::kAnyBytes));
  WrittenNetwork written;
  TRY(oci::Reader::read(value, oci::Path(""), written));
  Network network;
  network.id = written.id;
  network.name = written.name;
  network.created = written.created;
  network.driver = written.driver;
  network.internal = written.internal;
  network.labels = std::move(written.labels);
  network.options = std::move(written.options);
  for (const WrittenSubnet& subnet : written.subnets) {
    TRY_SET(network.subnets.emplace_back(), read_subnet(subnet));
  }
  TRY_SET(network.link, parse_link_options(network.driver, network.options));
  TRY(check_network(network));
  return network;
}

}  // namespace planet::network
