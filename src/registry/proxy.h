// The proxies that a host's environment names, and the way through one.
//
// Source: RFC 9110, section 9.3.6 (CONNECT); RFC 9112, section 3.2 (forms of the target). The variables are a habit: the rules are
// those of Go's programs, which docker's and podman's users have set them for.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>

#include "base/error.h"
#include "base/unique_fd.h"
#include "registry/secret.h"
#include "registry/url.h"

namespace planet::registry {

struct ProxySettings {
  std::string http, https;  // the proxy's address for each scheme; empty: none
  std::string direct;       // NO_PROXY: what is asked without
};

// HTTP_PROXY, HTTPS_PROXY and NO_PROXY, else the same in lower case; `variable` is getenv(3). HTTP_PROXY is not taken in a CGI
// program, where a client's "Proxy" field becomes that variable (CVE-2016-5385).
ProxySettings proxies_of(const std::function<const char*(const char*)>& variable);

struct Proxy {
  Origin origin;
  Secret authorization;  // "Basic ...", from the user name in its address
};

// The proxy for requests to `to`; nothing for loopback, for what NO_PROXY names, and where there is none. NO_PROXY is a list of
// "*", hosts (with those below them; ".x" for these alone), addresses and networks (10.0.0.0/8), each with a port if wanted.
// Errors: kInvalidArgument - the proxy's address is none; kUnsupported - another kind of proxy than http.
Result<std::optional<Proxy>> proxy_for(const Origin& to, const ProxySettings& settings);

// Makes the connection to the proxy (lent) one to `to`. Errors: kPermission - the proxy refuses; those of the transport.
Result<> open_tunnel(BorrowedFd socket, const Proxy& proxy, const Origin& to,
                     std::chrono::milliseconds patience);

}  // namespace planet::registry
