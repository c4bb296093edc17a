#include "registry/proxy.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <span>

#include "base/strings.h"
#include "registry/base64.h"
#include "registry/message.h"
#include "registry/text.h"
#include "sys/file.h"

namespace planet::registry {
namespace {

// An address as bytes: 4 or 16.
std::optional<std::string> bytes_of(const std::string& text) {
  std::array<char, sizeof(in6_addr)> bytes{};
  if (::inet_pton(AF_INET, text.c_str(), bytes.data()) == 1)
    return std::string(bytes.data(), sizeof(in_addr));
  if (::inet_pton(AF_INET6, text.c_str(), bytes.data()) == 1)
    return std::string(bytes.data(), bytes.size());
  return std::nullopt;
}

bool in_network(const std::string& address, const std::string& network, unsigned bits) {
  if (address.size() != network.size() || bits > network.size() * 8) return false;
  for (unsigned bit = 0; bit < bits; ++bit) {
    const unsigned mask = 0x80U >> bit % 8;
    if ((static_cast<unsigned char>(address[bit / 8]) & mask) !=
        (static_cast<unsigned char>(network[bit / 8]) & mask))
      return false;
  }
  return true;
}

bool is_loopback(const std::string& host) {
  const auto address = bytes_of(host);
  if (!address) return host == "localhost";
  return in_network(*address, std::string("\x7f\0\0\0", 4), 8) || host == "::1";
}

bool matches_network(std::string_view entry, const std::string& host) {
  const std::size_t slash = entry.find('/');
  const auto network = bytes_of(std::string(entry.substr(0, slash)));
  const auto address = bytes_of(host);
  const auto bits = parse_number<unsigned>(entry.substr(slash + 1), "prefix");
  return network && address && bits && in_network(*address, *network, *bits);
}

bool matches_host(std::string_view entry, const std::string& host) {
  if (entry.starts_with('[') && entry.ends_with(']')) entry = entry.substr(1, entry.size() - 2);
  if (const auto address = bytes_of(std::string(entry))) return address == bytes_of(host);
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  if (entry.starts_with('.')) return host.ends_with(entry);
  return host == entry || host.ends_with("." + std::string(entry));
}

bool matches(std::string_view listed, const Origin& to) {
  const std::string lowered = lower(trim(listed));
  std::string_view entry = lowered;
  if (entry.empty()) return false;
  if (entry == "*") return true;
  if (entry.find('/') != std::string_view::npos) return matches_network(entry, to.host);
  // A port stands behind the only colon, or behind a bracket; an IPv6 address has more.
  const std::size_t colon = entry.rfind(':');
  const bool has_port =
      colon != std::string_view::npos && (entry.find(':') == colon || entry[colon - 1] == ']');
  if (has_port) {
    if (entry.substr(colon + 1) != std::to_string(to.port)) return false;
    entry = entry.substr(0, colon);
  }
  return matches_host(entry, to.host);
}

std::optional<std::string> decode_percent(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    const auto byte = parse_number<unsigned char>(text.substr(i + 1, 2), "escape", 16);
    if (!byte || text.size() < i + 3) return std::nullopt;
    out += static_cast<char>(*byte);
    i += 2;
  }
  return out;
}

// The address may hold a password, so no message shows it.
Result<Proxy> parse_proxy(const std::string& setting, const std::string& variable) {
  std::string address = setting.find("://") == std::string::npos ? "http://" + setting : setting;
  if (!lower(address).starts_with("http://"))
    return fail(Code::kUnsupported,
                "the proxy in " + variable +
                    " is not of the kind http://HOST:PORT, which is all that Planet knows");
  Proxy proxy;
  const std::size_t start = std::string_view("http://").size();
  if (const std::size_t at = address.substr(0, address.find('/', start)).rfind('@');
      at != std::string::npos) {
    const auto user = decode_percent(std::string_view(address).substr(start, at - start));
    if (!user)
      return fail(Code::kInvalidArgument,
                  "the user name in " + variable + " has a broken %-escape");
    const bool has_password = user->find(':') != std::string::npos;
    proxy.authorization = Secret("Basic " + to_base64(has_password ? *user : *user + ":"));
    address.erase(start, at + 1 - start);
  }
  const auto url = parse_url(address);
  if (!url)
    return fail(Code::kInvalidArgument,
                "what " + variable + " says is no address of a proxy: expected http://HOST:PORT");
  proxy.origin = url->origin;
  return proxy;
}

}  // namespace

ProxySettings proxies_of(const std::function<const char*(const char*)>& variable) {
  const auto either = [&](const char* upper_case, const char* lower_case) {
    const char* value = variable(upper_case);
    if (value == nullptr || *value == '\0') value = variable(lower_case);
    return std::string(value == nullptr ? "" : value);
  };
  const bool in_cgi = variable("REQUEST_METHOD") != nullptr;
  return {.http = either(in_cgi ? "http_proxy" : "HTTP_PROXY", "http_proxy"),
          .https = either("HTTPS_PROXY", "https_proxy"),
          .direct = either("NO_PROXY", "no_proxy")};
}

Result<std::optional<Proxy>> proxy_for(const Origin& to, const ProxySettings& settings) {
  const bool https = to.scheme == Scheme::kHttps;
  const std::string& setting = https ? settings.https : settings.http;
  if (setting.empty() || is_loopback(to.host)) return std::nullopt;
  for (const std::string_view entry : split(settings.direct, ','))
    if (matches(entry, to)) return std::nullopt;
  TRY_SET(Proxy proxy, parse_proxy(setting, https ? "HTTPS_PROXY" : "HTTP_PROXY"));
  return std::optional<Proxy>(std::move(proxy));
}

Result<> open_tunnel(BorrowedFd socket, const Proxy& proxy, const Origin& to,
                     std::chrono::milliseconds patience) {
  const std::string name = to.host.find(':') == std::string::npos ? to.host : "[" + to.host + "]";
  const std::string authority = name + ":" + std::to_string(to.port);  // with its port, always
  std::string request = "CONNECT " + authority + " HTTP/1.1\r\nHost: " + authority + "\r\n";
  if (!proxy.authorization.empty())
    request += "Proxy-Authorization: " + proxy.authorization.reveal() + "\r\n";
  TRY_SET(UniqueFd same, sys::duplicate(socket));
  const auto transport = plain_transport(std::move(same), patience);
  const std::string doing = "the proxy " + proxy.origin.text();
  TRY(transport->send(request + "\r\n"), doing);
  // As to HEAD, an answer of success has no body.
  ResponseReader reader(*transport, Method::kHead);
  TRY_SET(const ResponseHead answer, reader.read_head(), doing);
  if (answer.status / 100 == 2) return {};
  if (answer.status == 407)
    return fail(Code::kPermission, doing +
                                       " wants a login, or another one: put it into HTTPS_PROXY as "
                                       "http://USER:PASSWORD@HOST:PORT");
  return fail(Code::kPermission, doing + " does not connect to " + authority + " (status " +
                                     std::to_string(answer.status) +
                                     "): ask who runs it, or name the host in NO_PROXY");
}

}  // namespace planet::registry
