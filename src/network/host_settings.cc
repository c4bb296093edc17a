#include "network/host_settings.h"

#include <cstdlib>
#include <string>

#include "base/strings.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::network {
namespace {

constexpr std::size_t kMostBytes = 1U << 16;
constexpr std::size_t kMostPools = 256;
constexpr std::size_t kMostQuoted = 200;
constexpr unsigned kLeastHostBits =
    2;  // of a network: itself, its gateway, a container and its broadcast
constexpr const char* kFile = "/etc/planet/networks.json";
constexpr const char* kVariable = "PLANET_NETWORKS";

std::unexpected<Error> bad(const std::string& where, const std::string& reason) {
  return fail(Code::kInvalidArgument, where + ": " + reason);
}

Result<> check_names(const oci::Fields& fields, std::string_view first, std::string_view second) {
  for (const auto& member : fields.object()) {
    const std::string_view name = oci::view(member.key());
    if (name == first || name == second) continue;
    return fail(Code::kInvalidArgument, quote(name.substr(0, kMostQuoted))
                                            .append(" is not a setting: there are ")
                                            .append(first)
                                            .append(" and ")
                                            .append(second));
  }
  return {};
}

Result<Pool> parse_pool(const oci::json::value& value, const std::string& where) {
  std::string base;
  Pool pool;
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, where));
  TRY(check_names(fields, "base", "size"));
  TRY(fields.read("base", base));
  TRY(fields.read("size", pool.length));
  TRY_SET(pool.prefix, Prefix::parse(base.substr(0, kMostQuoted)), where + ".base");
  if (*Address::parse(base.substr(0, base.find('/'))) != pool.prefix.first())
    return bad(where + ".base", quote(base) + " should be " + pool.prefix.to_string());
  const unsigned most = pool.prefix.first().bits() - kLeastHostBits;
  if (pool.length < pool.prefix.length() || pool.length > most)
    return bad(where + ".size", "expected the length of each network's prefix, " +
                                    std::to_string(pool.prefix.length()) + " to " +
                                    std::to_string(most));
  return pool;
}

}  // namespace

Result<HostSettings> parse_host_settings(std::string_view text) {
  HostSettings settings;
  TRY_SET(const oci::json::value whole, oci::parse_json(text, kMostBytes));
  TRY_SET(const oci::Fields fields, oci::Fields::of(whole, ""));
  TRY(check_names(fields, "ip", "default-address-pools"));
  if (fields.find("ip") != nullptr) {
    std::string ip;
    TRY(fields.read("ip", ip));
    TRY_SET(settings.binding, Address::parse(ip.substr(0, kMostQuoted)), "ip");
  }
  TRY(fields.each("default-address-pools",
                  [&](const oci::json::value& value, const std::string& where) -> Result<> {
                    if (settings.pools.size() == kMostPools)
                      return bad(where, "more than 256 pools; larger ones do with fewer");
                    TRY_SET(const Pool pool, parse_pool(value, where));
                    settings.pools.push_back(pool);
                    return {};
                  }));
  return settings;
}

Result<HostSettings> read_host_settings() {
  const char* named = std::getenv(kVariable);
  const bool is_named = named != nullptr && *named != '\0';
  const std::string file = is_named ? named : kFile;
  if (!file.starts_with('/'))
    return bad(kVariable, quote(file) + " is not an absolute path, and it is read from anywhere");
  const auto text = sys::read_file_at(sys::kCwd, file.c_str(), kMostBytes);
  if (!text && text.error().code() == Code::kNotFound && !is_named) return HostSettings();
  if (!text) return std::unexpected(text.error());
  TRY_SET(HostSettings settings, parse_host_settings(*text), "read " + quote(file));
  return settings;
}

std::vector<Address> hosts_of(const Address& binding, bool ipv4, bool ipv6) {
  if (!binding.is_ipv4() || !binding.is_unspecified() || !ipv6) return {binding};
  const Address all_of_ipv6 = *Address::parse("::");
  if (!ipv4) return {all_of_ipv6};
  return {binding, all_of_ipv6};
}

}  // namespace planet::network
