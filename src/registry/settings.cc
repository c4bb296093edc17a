#include "registry/settings.h"

#include <algorithm>
#include <array>

#include "base/strings.h"
#include "oci/json.h"
#include "registry/text.h"
#include "sys/file.h"

namespace planet::registry {
namespace {

constexpr std::size_t kMostBytes = 1U << 20;
constexpr const char* kFile = "/etc/planet/registries.json";
constexpr const char* kCertsD = "/etc/docker/certs.d";

Result<> check_host(const std::string& host, const std::string& where) {
  if (const auto origin = origin_of(host)) return {};
  return fail(Code::kInvalidArgument,
              where + " has " + quote(host.substr(0, 100)) +
                  ", expected a host as in an image's name: \"registry.lan:5000\"");
}

Result<> check_hosts(const Hosts& hosts) {
  for (const std::string& host : hosts.insecure) TRY(check_host(host, "insecure"));
  for (const auto& [host, mirrors] : hosts.mirrors) {
    TRY(check_host(host, "mirrors"));
    for (const std::string& mirror : mirrors) TRY(check_host(mirror, "mirrors of " + quote(host)));
  }
  return {};
}

Result<> check_names(const oci::json::object& object) {
  for (const auto& member : object) {
    const std::string_view name = oci::view(member.key());
    if (name != "insecure" && name != "mirrors")
      return fail(Code::kInvalidArgument,
                  quote(name.substr(0, 100)) + " is not a setting: there are insecure and mirrors");
  }
  return {};
}

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "::1" ||
         (host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string::npos);
}

}  // namespace

Result<Hosts> parse_hosts(std::string_view text) {
  Hosts hosts;
  TRY_SET(const oci::json::value whole, oci::parse_json(text, kMostBytes));
  TRY_SET(const oci::Fields fields, oci::Fields::of(whole, ""));
  TRY(check_names(fields.object()));
  TRY(fields.read("insecure", hosts.insecure));
  if (const oci::json::value* mirrors = fields.find("mirrors")) {
    TRY_SET(const oci::Fields inner, oci::Fields::of(*mirrors, "mirrors"));
    for (const auto& member : inner.object()) {
      const std::string name(oci::view(member.key()));
      TRY(inner.read(name, hosts.mirrors[name]));
    }
  }
  TRY(check_hosts(hosts));
  return hosts;
}

Result<Settings> settings_of(const std::function<const char*(const char*)>& variable) {
  const auto text_of = [&](const char* name) {
    const char* value = variable(name);
    return std::string(value == nullptr ? "" : value);
  };
  Settings settings;
  settings.http.proxies = proxies_of(variable);
  settings.http.trust = system_trust(variable("SSL_CERT_FILE"), variable("SSL_CERT_DIR"));
  settings.http.certs_d = kCertsD;
  settings.search_path = text_of("PATH");
  if (const std::string config = text_of("DOCKER_CONFIG"); !config.empty())
    settings.docker_config = config + "/config.json";
  else if (const std::string home = text_of("HOME"); !home.empty())
    settings.docker_config = home + "/.docker/config.json";
  const std::string named = text_of("PLANET_REGISTRIES");
  const std::string file = named.empty() ? kFile : named;
  const auto text = sys::read_file_at(sys::kCwd, file.c_str(), kMostBytes);
  if (!text && text.error().code() == Code::kNotFound && named.empty()) return settings;
  if (!text) return std::unexpected(text.error());
  TRY_SET(settings.hosts, parse_hosts(*text), "read " + quote(file));
  return settings;
}

Result<Origin> origin_of(std::string_view host) {
  if (host.empty() || host.find_first_of("/?#") != std::string_view::npos)
    return fail(Code::kInvalidArgument, quote(host.substr(0, 100)) + " is not a registry's host");
  const std::string name = lower(host);
  const bool is_hub = name == "docker.io" || name == "index.docker.io";
  TRY_SET(const Url url, parse_url("https://" + (is_hub ? "registry-1.docker.io" : name)));
  return url.origin;
}

bool may_be_plain(const Hosts& hosts, std::string_view host) {
  const auto origin = origin_of(host);
  if (!origin) return false;
  if (is_loopback(origin->host)) return true;
  return std::ranges::any_of(hosts.insecure, [&](const std::string& one) {
    const auto named = origin_of(one);
    return named && *named == *origin;
  });
}

}  // namespace planet::registry
