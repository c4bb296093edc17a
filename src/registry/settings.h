// What this host has set for registries: proxies and certificates from the environment, logins in docker's config.json, mirrors and
// hosts without TLS in a file of Planet's.
//
//   /etc/planet/registries.json (another, if PLANET_REGISTRIES names one):
//   {"insecure": ["registry.lan:5000"], "mirrors": {"docker.io": ["mirror.lan"]}}
//
// Source: docker's documentation of DOCKER_CONFIG and certs.d.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "registry/http.h"

namespace planet::registry {

struct Hosts {
  std::vector<std::string>
      insecure;  // that may be talked to without TLS, as references name them: "registry.lan:5000"
  std::map<std::string, std::vector<std::string>> mirrors;  // by host: hosts to ask before it
  bool operator==(const Hosts&) const = default;
};

// Errors: kInvalidArgument - not such a file, naming the field, or what is no host. A field that nobody knows is one: a word
// spelt wrong would otherwise silently not count.
Result<Hosts> parse_hosts(std::string_view text);

// How often and after what time a request is repeated that a server could not answer just then.
struct Retries {
  int most = 4;
  std::chrono::milliseconds first{
      500};  // then twice as long each time, less up to a half by chance
  std::chrono::milliseconds longest{60'000};  // that a server may ask one to wait (Retry-After)
};

struct Settings {
  HttpSettings http;
  Hosts hosts;
  std::string docker_config;  // the path of config.json; empty: there are no logins
  std::string search_path;    // PATH, for credential helpers
  Retries retries;
};

// `variable` is getenv(3). Errors: those of parse_hosts, and of reading.
Result<Settings> settings_of(const std::function<const char*(const char*)>& variable);

// The registry that a reference's host means: "docker.io" is registry-1.docker.io.
// Errors: kInvalidArgument - it is no host.
Result<Origin> origin_of(std::string_view host);

// Whether plain http may be used where https is not spoken: on loopback, and for hosts that are named. Nothing else ever is.
bool may_be_plain(const Hosts& hosts, std::string_view host);

}  // namespace planet::registry
