#include "network/link_options.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "base/strings.h"

namespace planet::network {
namespace {

constexpr std::size_t kMostQuoted = 200;

constexpr std::pair<std::string_view, Driver> kDrivers[] = {{"bridge", Driver::kBridge},
                                                            {"macvlan", Driver::kMacvlan},
                                                            {"host", Driver::kHost},
                                                            {"null", Driver::kNull}};

constexpr std::pair<std::string_view, MacvlanMode> kModes[] = {
    {"bridge", MacvlanMode::kBridge},
    {"private", MacvlanMode::kPrivate},
    {"vepa", MacvlanMode::kVepa},
    {"passthru", MacvlanMode::kPassthru}};

std::unexpected<Error> bad(std::string_view key, std::string_view value,
                           std::string_view expected) {
  return fail(Code::kInvalidArgument, "--opt " + std::string(key) + "=" +
                                          printable(value.substr(0, kMostQuoted)) + ": expected " +
                                          std::string(expected));
}

Result<> set_bool(std::string_view key, std::string_view value, bool& to) {
  const bool yes = value == "true" || value == "1";
  if (!yes && value != "false" && value != "0") return bad(key, value, "true or false");
  to = yes;
  return {};
}

Result<> set_name(std::string_view key, std::string_view value, std::size_t most, std::string& to) {
  if (!is_interface_name(value) || value.size() > most)
    return bad(key, value,
               "a name of an interface: at most " + std::to_string(most) +
                   " letters, digits, '_', '.' and '-', a letter or digit first");
  to = value;
  return {};
}

// Each reads one option.
using Setter = Result<> (*)(std::string_view key, std::string_view value, LinkOptions& to);

constexpr std::size_t kLongestName = 15;    // IFNAMSIZ, with the byte at its end
constexpr std::size_t kLongestPrefix = 12;  // a number follows

Result<> set_mtu(std::string_view key, std::string_view value, LinkOptions& to) {
  constexpr unsigned kLeast = 68;  // RFC 791
  constexpr unsigned kMost = 65535;
  const auto mtu = parse_number<unsigned>(value, "mtu");
  if (!mtu || *mtu < kLeast || *mtu > kMost)
    return bad(key, value, "a whole number of bytes from 68 to 65535");
  to.mtu = *mtu;
  return {};
}
Result<> set_bridge(std::string_view key, std::string_view value, LinkOptions& to) {
  return set_name(key, value, kLongestName, to.bridge);
}
Result<> set_parent(std::string_view key, std::string_view value, LinkOptions& to) {
  return set_name(key, value, kLongestName, to.parent);
}
Result<> set_prefix(std::string_view key, std::string_view value, LinkOptions& to) {
  return set_name(key, value, kLongestPrefix, to.container_prefix);
}
Result<> set_connects(std::string_view key, std::string_view value, LinkOptions& to) {
  return set_bool(key, value, to.connects_containers);
}
// Without it what leaves has an address that nobody outside can answer to, unless they are told of routes.
Result<> set_masquerades(std::string_view key, std::string_view value, LinkOptions& /*to*/) {
  bool wanted = true;
  TRY(set_bool(key, value, wanted));
  if (wanted) return {};
  return fail(Code::kInvalidArgument,
              std::string(key) +
                  " is always true: what leaves a bridge has this "
                  "host's address; leave it out, or use the driver macvlan for "
                  "containers whose own addresses are to be seen");
}
Result<> set_binding(std::string_view key, std::string_view value, LinkOptions& to) {
  const auto address = Address::parse(value);
  if (!address || !address->is_ipv4() || address->is_multicast())
    return bad(key, value, "an IPv4 address of this host");
  to.host_binding = *address;
  return {};
}
Result<> set_mode(std::string_view key, std::string_view value, LinkOptions& to) {
  const auto* const found =
      std::ranges::find(kModes, value, &std::pair<std::string_view, MacvlanMode>::first);
  if (found == std::end(kModes)) return bad(key, value, "bridge, private, vepa or passthru");
  to.mode = found->second;
  return {};
}

struct Known {
  Driver driver;
  std::string_view key;
  Setter set;
};
constexpr Known kKnown[] = {
    {Driver::kBridge, kBridgeNameOption, set_bridge},
    {Driver::kBridge, "com.docker.network.bridge.enable_icc", set_connects},
    {Driver::kBridge, "com.docker.network.bridge.enable_ip_masquerade", set_masquerades},
    {Driver::kBridge, "com.docker.network.bridge.host_binding_ipv4", set_binding},
    {Driver::kBridge, "com.docker.network.container_iface_prefix", set_prefix},
    {Driver::kBridge, "com.docker.network.driver.mtu", set_mtu},
    {Driver::kBridge, "mtu", set_mtu},
    {Driver::kMacvlan, "parent", set_parent},
    {Driver::kMacvlan, "macvlan_mode", set_mode},
    {Driver::kMacvlan, "com.docker.network.driver.mtu", set_mtu},
    {Driver::kMacvlan, "mtu", set_mtu},
};

std::string known_options(Driver driver) {
  std::vector<std::string> keys;
  for (const Known& known : kKnown)
    if (known.driver == driver) keys.emplace_back(known.key);
  return join(keys, ", ");
}

}  // namespace

std::string_view driver_name(Driver driver) {
  return std::ranges::find(kDrivers, driver, &std::pair<std::string_view, Driver>::second)->first;
}

bool is_interface_name(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  return !text.empty() && text.size() <= kLongestName && plain(text.front()) &&
         std::ranges::all_of(text,
                             [&](char c) { return plain(c) || c == '_' || c == '.' || c == '-'; });
}

Result<LinkOptions> parse_link_options(Driver driver, const Options& options) {
  LinkOptions link;
  for (const auto& [key, value] : options) {
    const auto* const known = std::ranges::find_if(
        kKnown, [&](const Known& it) { return it.driver == driver && it.key == key; });
    if (known == std::end(kKnown))
      return fail(Code::kInvalidArgument, "--opt " + quote(key.substr(0, kMostQuoted)) + ": " +
                                              std::string(driver_name(driver)) + " has " +
                                              known_options(driver));
    TRY(known->set(key, value, link));
  }
  if (driver == Driver::kMacvlan && link.parent.empty())
    return fail(Code::kInvalidArgument,
                "a macvlan network needs --opt parent=INTERFACE, the host's interface that its "
                "containers are reached through");
  return link;
}

}  // namespace planet::network
