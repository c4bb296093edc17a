// Url: an http or https address, taken apart once. A registry names addresses in redirects, upload locations, next pages and
// token realms, so whatever reads them otherwise than the one who checked them is a hole.
//
// Source: RFC 3986, sections 3 and 5; RFC 9110, section 4.2 (http and https, no user information).
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/error.h"

namespace planet::registry {

enum class Scheme : std::uint8_t { kHttp, kHttps };

// Whom one talks to. Credentials belong to exactly one: another scheme, host or port is somebody else.
struct Origin {
  Scheme scheme = Scheme::kHttps;
  std::string host;  // lower case; an IPv6 address without brackets
  std::uint16_t port = 443;

  auto operator<=>(const Origin&) const = default;
  bool has_default_port() const { return port == (scheme == Scheme::kHttps ? 443 : 80); }
  std::string authority()
      const;  // "ghcr.io", "[::1]:5000": the Host field, without the scheme's own port
  std::string text() const;  // "https://ghcr.io"
};

struct Url {
  Origin origin;
  std::string target =
      "/";  // path and query, as a request line has them: never empty, only visible ASCII

  bool operator==(const Url&) const = default;
  std::string text()
      const;  // whole; a query may carry a signature (X-Amz-Signature), so not for people
  std::string shown() const;  // for errors: without the query
};

// Errors: kInvalidArgument - another scheme, a user name in it ("https://ghcr.io@evil.example/"), a host of other than letters,
// digits, '-', '_', '.' (or an IPv6 address), a character that no address has, or more than 8 KiB. A fragment is dropped.
Result<Url> parse_url(std::string_view text);

// What `reference` (a Location field: "/v2/x?y", "//other/z", "../up", "?q", or whole) means in an answer from `base`.
Result<Url> resolve_url(const Url& base, std::string_view reference);

}  // namespace planet::registry
