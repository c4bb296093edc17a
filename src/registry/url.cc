#include "registry/url.h"

#include <arpa/inet.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "base/strings.h"
#include "registry/text.h"

namespace planet::registry {
namespace {

constexpr std::size_t kMostBytes = 8192;
constexpr std::size_t kMostHost = 253;  // RFC 1035, section 2.3.4
constexpr std::size_t kMostShown = 200;

std::string without_query(std::string_view text) {
  return std::string(text.substr(0, std::min(text.find_first_of("?#"), kMostShown)));
}

// Where a name stands before an "@" there may be a password behind it.
std::unexpected<Error> bad(std::string_view text, std::string_view why) {
  const std::string shown = without_query(text);
  return fail(
      Code::kInvalidArgument,
      (shown.find('@') == std::string::npos ? "the address " + quote(shown) : "an address") + " " +
          std::string(why));
}

struct Reference {
  std::optional<std::string_view> scheme, authority, query;
  std::string_view path;
};

// RFC 3986, appendix B, without the fragment.
Reference take_apart(std::string_view text) {
  Reference parts;
  text = text.substr(0, text.find('#'));
  if (const std::size_t mark = text.find('?'); mark != std::string_view::npos) {
    parts.query = text.substr(mark + 1);
    text = text.substr(0, mark);
  }
  if (const std::size_t colon = text.find(':');
      colon != std::string_view::npos && colon < text.find('/')) {
    parts.scheme = text.substr(0, colon);
    text.remove_prefix(colon + 1);
  }
  if (text.starts_with("//")) {
    const std::size_t end = std::min(text.find('/', 2), text.size());
    parts.authority = text.substr(2, end - 2);
    text.remove_prefix(end);
  }
  parts.path = text;
  return parts;
}

bool is_name(std::string_view host) {
  return !host.empty() && host.size() <= kMostHost && host.front() != '.' && host.front() != '-' &&
         host.find("..") == std::string_view::npos && std::ranges::all_of(host, [](char c) {
           return is_alnum(c) || c == '-' || c == '_' || c == '.';
         });
}

// A host whose last label is a number is an IPv4 address or nothing: "127.1" and "2130706433" are loopback to some
// readers and names to others.
bool is_odd_number(const std::string& host) {
  std::string_view last = host;
  if (last.ends_with('.')) last.remove_suffix(1);
  last.remove_prefix(last.rfind('.') + 1);
  in_addr address{};
  const bool number = std::ranges::all_of(last, is_digit) || last.starts_with("0x");
  return number && ::inet_pton(AF_INET, host.c_str(), &address) != 1;
}

std::optional<std::string> parse_ip6(std::string_view bracketed) {
  const std::string inner(bracketed.substr(1, bracketed.size() - 2));
  in6_addr address{};
  if (::inet_pton(AF_INET6, inner.c_str(), &address) != 1) return std::nullopt;
  char text[INET6_ADDRSTRLEN] = {};  // one form for each address, so that equal ones compare equal
  ::inet_ntop(AF_INET6, &address, text, sizeof text);
  return text;
}

Result<std::string> parse_host(std::string_view whole, std::string_view text) {
  if (text.starts_with('[') && text.ends_with(']')) {
    if (auto address = parse_ip6(text)) return *std::move(address);
    return bad(whole, "has no IPv6 address between its brackets");
  }
  std::string host = lower(text);
  if (!is_name(host) || is_odd_number(host)) return bad(whole, "has no proper host");
  return host;
}

Result<> parse_authority(std::string_view whole, std::string_view authority, Origin& to) {
  if (authority.find('@') != std::string_view::npos)
    return bad(whole, "has a user name in it, which is not where logins come from");
  std::string_view host = authority;
  std::string_view port;
  const std::size_t colon = authority.rfind(':');
  if (colon != std::string_view::npos && authority.find(']', colon) == std::string_view::npos) {
    host = authority.substr(0, colon);
    port = authority.substr(colon + 1);
  }
  TRY_SET(to.host, parse_host(whole, host));
  to.port = to.scheme == Scheme::kHttps ? 443 : 80;
  if (port.empty()) return {};
  const auto number = parse_number<std::uint16_t>(port, "port");
  if (!number || *number == 0) return bad(whole, "has no proper port");
  to.port = *number;
  return {};
}

// RFC 3986, section 5.2.4, for a path that begins with "/".
std::string without_dots(std::string_view path) {
  std::vector<std::string_view> kept;
  const std::vector<std::string_view> parts = split(path.substr(1), '/');
  for (const std::string_view part : parts) {
    if (part == ".." && !kept.empty()) kept.pop_back();
    if (part != "." && part != "..") kept.push_back(part);
  }
  std::string out;
  for (const std::string_view part : kept) out.append("/").append(part);
  if (parts.back() == "." || parts.back() == "..") out += '/';
  return out.empty() ? "/" : out;
}

std::string target_of(std::string_view path, const std::optional<std::string_view>& query) {
  std::string target = path.empty() ? "/" : without_dots(path);
  if (query) target.append("?").append(*query);
  return target;
}

Result<> check_characters(std::string_view text) {
  if (text.size() > kMostBytes) return bad(text, "is longer than 8 KiB");
  // Some readers take '\' for '/', and a line break would begin another header.
  if (!std::ranges::all_of(text, [](char c) { return is_visible(c) && c != '\\'; }))
    return bad(text, "has a character that addresses do not have");
  return {};
}

Result<Url> absolute(std::string_view whole, const Reference& parts) {
  Url url;
  const std::string scheme = lower(*parts.scheme);
  if (scheme != "http" && scheme != "https") return bad(whole, "is neither http nor https");
  url.origin.scheme = scheme == "https" ? Scheme::kHttps : Scheme::kHttp;
  if (!parts.authority) return bad(whole, "has no host");
  TRY(parse_authority(whole, *parts.authority, url.origin));
  url.target = target_of(parts.path, parts.query);
  return url;
}

}  // namespace

std::string Origin::authority() const {
  std::string out = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (!has_default_port()) out += ":" + std::to_string(port);
  return out;
}

std::string Origin::text() const {
  return (scheme == Scheme::kHttps ? "https://" : "http://") + authority();
}

std::string Url::text() const {
  return origin.text() + target;
}

std::string Url::shown() const {
  return origin.text() + without_query(target);
}

Result<Url> parse_url(std::string_view text) {
  TRY(check_characters(text));
  const Reference parts = take_apart(text);
  if (!parts.scheme) return bad(text, "is neither http nor https");
  return absolute(text, parts);
}

Result<Url> resolve_url(const Url& base, std::string_view reference) {
  TRY(check_characters(reference));
  const Reference parts = take_apart(reference);
  if (parts.scheme) return absolute(reference, parts);
  Url url = base;
  if (parts.authority) {
    TRY(parse_authority(reference, *parts.authority, url.origin));
    url.target = target_of(parts.path, parts.query);
    return url;
  }
  const std::string base_path = base.target.substr(0, base.target.find('?'));
  if (parts.path.starts_with('/')) {
    url.target = target_of(parts.path, parts.query);
  } else if (!parts.path.empty()) {
    const std::string folder = base_path.substr(0, base_path.rfind('/') + 1);
    url.target = target_of(folder + std::string(parts.path), parts.query);
  } else if (parts.query) {
    url.target = target_of(base_path, parts.query);
  }
  return url;
}

}  // namespace planet::registry
