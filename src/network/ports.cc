#include "network/ports.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>
#include <utility>

#include "base/strings.h"

namespace planet::network {
namespace {

constexpr std::size_t kMostPublications = 1024;
constexpr std::size_t kMostQuoted = 200;

constexpr std::pair<std::string_view, Protocol> kProtocols[] = {
    {"tcp", Protocol::kTcp}, {"udp", Protocol::kUdp}, {"sctp", Protocol::kSctp}};

std::unexpected<Error> bad(std::string_view what, std::string_view text, std::string_view reason) {
  return fail(Code::kInvalidArgument, std::string(what) + " " + quote(text.substr(0, kMostQuoted)) +
                                          ": " + std::string(reason));
}

// docker takes TCP for tcp.
std::optional<Protocol> parse_protocol(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const auto& [name, protocol] : kProtocols)
    if (name == lower) return protocol;
  return std::nullopt;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  const auto port = parse_number<std::uint16_t>(text, "port");
  return port ? std::optional(*port) : std::nullopt;
}

// "80", "80-90". Zero is a port here.
std::optional<PortRange> parse_range(std::string_view text) {
  const std::size_t dash = text.find('-');
  const auto first = parse_port(text.substr(0, dash));
  const auto last = dash == std::string_view::npos ? first : parse_port(text.substr(dash + 1));
  if (!first || !last || *first > *last) return std::nullopt;
  return PortRange{.first = *first, .last = *last};
}

constexpr const char* kPorts =
    "a port is a number from 1 to 65535, and a range is written 8000-8010";

constexpr const char* kProtocolNames = "the protocol is tcp, udp or sctp";

// "80/udp" without the part from the slash on, which is taken.
Result<Protocol> take_protocol(std::string_view what, std::string_view text,
                               std::string_view& rest) {
  const std::size_t slash = rest.find('/');
  if (slash == std::string_view::npos) return Protocol::kTcp;
  const auto protocol = parse_protocol(rest.substr(slash + 1));
  if (!protocol) return bad(what, text, kProtocolNames);
  rest = rest.substr(0, slash);
  return *protocol;
}

Result<Address> parse_host(std::string_view text, std::string_view host) {
  const bool bracketed = host.starts_with('[') && host.ends_with(']') && host.size() > 2;
  const auto address = Address::parse(bracketed ? host.substr(1, host.size() - 2) : host);
  if (!address || (!address->is_ipv4() && !bracketed))
    return bad("-p", text,
               "the host is an address, as 192.0.2.1, or an IPv6 address in brackets, as [::1]");
  if (address->is_multicast()) return bad("-p", text, "nothing can listen on a multicast address");
  return *address;
}

// Takes "host:" and "port:" off the front of `rest`: what stands before the last colon is a port, and what stands
// before that is an address, which may have colons in it.
Result<> take_host_side(std::string_view text, std::string_view& rest, Publication& publication) {
  const std::size_t colon = rest.rfind(':');
  if (colon == std::string_view::npos) return {};
  std::string_view side = rest.substr(0, colon);
  rest = rest.substr(colon + 1);
  const std::size_t before = side.ends_with(']') ? side.size() : side.rfind(':');
  const std::string_view ports =
      before == std::string_view::npos ? side : side.substr(std::min(before + 1, side.size()));
  if (before == side.size())
    return bad("-p", text, "between the address and the container's port is a colon more");
  if (!ports.empty()) {
    const auto range = parse_range(ports);
    if (!range || (range->first == 0 && range->last != 0)) return bad("-p", text, kPorts);
    publication.host_ports = *range;
  }
  if (before == std::string_view::npos || before == 0) return {};
  TRY_SET(publication.host, parse_host(text, side.substr(0, before)));
  return {};
}

Result<Publication> checked(std::string_view text, const Publication& publication) {
  const PortRange& ports = publication.ports;
  const PortRange& host_ports = publication.host_ports;
  if (ports.size() > 1 && !host_ports.is_any() && host_ports.size() != ports.size())
    return bad("-p", text,
               "the host's range has " + std::to_string(host_ports.size()) +
                   " ports and the container's " + std::to_string(ports.size()) +
                   "; they must have equally many");
  return publication;
}

Result<> set_word(std::string_view text, std::string_view key, std::string_view value,
                  Publication& publication) {
  if (key == "protocol") {
    const auto protocol = parse_protocol(value);
    if (!protocol) return bad("-p", text, kProtocolNames);
    publication.protocol = *protocol;
    return {};
  }
  if (key != "target" && key != "published")
    return bad("-p", text, "expected target=, published= and protocol=");
  const auto range = parse_range(value);
  const bool zero = range && range->first == 0;
  if (!range || (zero && (key == "target" || range->last != 0))) return bad("-p", text, kPorts);
  (key == "target" ? publication.ports : publication.host_ports) = *range;
  return {};
}

// docker's own way back to its short form: published=..., target=..., protocol=...
Result<Publication> parse_in_words(std::string_view text) {
  Publication publication;
  std::set<std::string_view> seen;
  for (const std::string_view field : split(text, ',')) {
    const std::size_t equals = std::min(field.find('='), field.size());
    const std::string_view key = field.substr(0, equals);
    if (!seen.insert(key).second) return bad("-p", text, quote(key) + " is said twice");
    TRY(set_word(text, key, field.substr(std::min(equals + 1, field.size())), publication));
  }
  if (publication.ports.is_any())
    return bad("-p", text, "target=, the container's port, is missing");
  return checked(text, publication);
}

std::string range_text(const PortRange& range) {
  std::string text = std::to_string(range.first);
  if (range.last != range.first) text += "-" + std::to_string(range.last);
  return text;
}

std::string host_text(const Address& host) {
  return host.is_ipv4() ? host.to_string() : "[" + host.to_string() + "]";
}

bool meet(const Address& one, const Address& other) {
  return one.family() == other.family() &&
         (one == other || one.is_unspecified() || other.is_unspecified());
}

// Whether both cannot be open at once. What may be any free port gives way.
bool clash(const PortRequest& one, const PortRequest& other) {
  const auto fixed = [](const PortRequest& request) {
    return !request.host_ports.is_any() && !request.takes_one_of_range();
  };
  if (one.protocol != other.protocol || !fixed(one) || !fixed(other) ||
      !one.host_ports.overlaps(other.host_ports))
    return false;
  return std::ranges::any_of(one.hosts, [&](const Address& host) {
    return std::ranges::any_of(other.hosts, [&](const Address& it) { return meet(host, it); });
  });
}

std::string request_text(const PortRequest& request) {
  return publication_text({.host = request.hosts.front(),
                           .host_ports = request.host_ports,
                           .ports = request.ports,
                           .protocol = request.protocol});
}

std::string side_text(const PublishedPort& port) {
  return host_text(port.host) + ":" + std::to_string(port.host_port);
}

std::string inner_text(const PublishedPort& port) {
  return std::to_string(port.port) + "/" + std::string(protocol_name(port.protocol));
}

// A run of ports that ps shows as one; `host` is empty for what is only exposed.
struct Run {
  std::string host;
  Protocol protocol;
  PortRange ports;

  std::string text() const {
    const std::string inner = range_text(ports);
    return (host.empty() ? "" : host + ":" + inner + "->") + inner + "/" +
           std::string(protocol_name(protocol));
  }
};

// docker's order: what was closed by a gap comes first, then what was open to the end, each as it was begun.
class Runs {
 public:
  void add(const std::string& host, Protocol protocol, std::uint16_t port) {
    const auto run = std::ranges::find_if(
        open_, [&](const Run& it) { return it.host == host && it.protocol == protocol; });
    if (run == open_.end()) {
      open_.push_back({.host = host, .protocol = protocol, .ports = {port, port}});
    } else if (port == run->ports.last + 1) {
      run->ports.last = port;
    } else if (port != run->ports.last) {
      closed_.push_back(run->text());
      run->ports = {port, port};
    }
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all = closed_;
    for (const Run& run : open_) all.push_back(run.text());
    return all;
  }

 private:
  std::vector<Run> open_;
  std::vector<std::string> closed_;
};

// Of the host, or only exposed: then there is no host.
struct Shown {
  std::uint16_t port = 0;
  std::string host;
  std::uint16_t host_port = 0;
  Protocol protocol = Protocol::kTcp;
  auto operator<=>(const Shown&) const = default;
};

std::vector<Shown> shown_ports(std::span<const PublishedPort> published,
                               std::span<const ExposedPorts> exposed) {
  std::vector<Shown> all;
  std::set<std::pair<unsigned, Protocol>> open;
  for (const PublishedPort& port : published) {
    all.push_back({port.port, host_text(port.host), port.host_port, port.protocol});
    open.emplace(port.port, port.protocol);
  }
  for (const ExposedPorts& some : exposed)
    for (unsigned port = some.ports.first; port <= some.ports.last; ++port)
      if (open.emplace(port, some.protocol).second)
        all.push_back(
            {.port = static_cast<std::uint16_t>(port), .host = "", .protocol = some.protocol});
  std::ranges::sort(all);
  return all;
}

}  // namespace

std::string_view protocol_name(Protocol protocol) {
  return std::ranges::find(kProtocols, protocol, &std::pair<std::string_view, Protocol>::second)
      ->first;
}

Result<Publication> parse_publication(std::string_view text) {
  if (text.contains('=')) return parse_in_words(text);
  Publication publication;
  std::string_view rest = text;
  TRY_SET(publication.protocol, take_protocol("-p", text, rest));
  TRY(take_host_side(text, rest, publication));
  const auto ports = parse_range(rest);
  if (!ports || ports->is_any()) return bad("-p", text, kPorts);
  publication.ports = *ports;
  return checked(text, publication);
}

std::string publication_text(const Publication& publication) {
  const bool any = publication.host_ports.is_any();
  std::string text = publication.host ? host_text(*publication.host) + ":" : "";
  if (!any) text += range_text(publication.host_ports);
  if (!any || publication.host) text += ":";
  return text + range_text(publication.ports) + "/" +
         std::string(protocol_name(publication.protocol));
}

Result<ExposedPorts> parse_exposed(std::string_view what, std::string_view text) {
  ExposedPorts exposed;
  std::string_view rest = text;
  TRY_SET(exposed.protocol, take_protocol(what, text, rest));
  const auto ports = parse_range(rest);
  if (!ports || ports->is_any()) return bad(what, text, kPorts);
  exposed.ports = *ports;
  return exposed;
}

std::string exposed_text(const ExposedPorts& exposed) {
  return range_text(exposed.ports) + "/" + std::string(protocol_name(exposed.protocol));
}

Result<std::vector<Publication>> publish_exposed(std::vector<Publication> published,
                                                 std::span<const ExposedPorts> exposed) {
  std::set<std::pair<unsigned, Protocol>> done;
  for (const Publication& one : published)
    for (unsigned port = one.ports.first; port <= one.ports.last; ++port)
      done.emplace(port, one.protocol);
  std::size_t more = 0;
  for (const ExposedPorts& some : exposed) {
    for (unsigned port = some.ports.first; port <= some.ports.last; ++port) {
      if (!done.emplace(port, some.protocol).second) continue;
      // An image is a stranger: it does not take the host's ports by the thousand.
      if (++more > kMostPublications)
        return fail(Code::kInvalidArgument,
                    "-P: more than 1024 ports are exposed; name those that you want with -p");
      const auto number = static_cast<std::uint16_t>(port);
      published.push_back(
          {.host = {}, .host_ports = {}, .ports = {number, number}, .protocol = some.protocol});
    }
  }
  return published;
}

Result<std::vector<PortRequest>> plan_ports(std::span<const Publication> publications,
                                            std::span<const Address> defaults) {
  if (publications.size() > 2 * kMostPublications)
    return fail(Code::kInvalidArgument,
                "-p: more than 2048 of them; use ranges, as 8000-8010:8000-8010");
  std::vector<PortRequest> requests;
  for (const Publication& one : publications) {
    PortRequest request{.hosts = {defaults.begin(), defaults.end()},
                        .host_ports = one.host_ports,
                        .ports = one.ports,
                        .protocol = one.protocol};
    if (one.host) request.hosts = {*one.host};
    if (request.hosts.empty() || std::ranges::find(requests, request) != requests.end()) continue;
    const auto other =
        std::ranges::find_if(requests, [&](const PortRequest& it) { return clash(it, request); });
    if (other != requests.end())
      return bad("-p", request_text(request),
                 "its port of the host is also in " + quote(request_text(*other)) +
                     "; give another port, or another address");
    requests.push_back(std::move(request));
  }
  return requests;
}

std::string ports_text(std::span<const PublishedPort> published,
                       std::span<const ExposedPorts> exposed) {
  Runs runs;
  std::vector<std::string> moved;
  for (const Shown& one : shown_ports(published, exposed)) {
    if (one.host.empty() || one.host_port == one.port)
      runs.add(one.host, one.protocol, one.port);
    else
      moved.push_back(one.host + ":" + std::to_string(one.host_port) + "->" +
                      std::to_string(one.port) + "/" + std::string(protocol_name(one.protocol)));
  }
  std::vector<std::string> texts = runs.texts();
  texts.insert(texts.end(), moved.begin(), moved.end());
  return join(texts, ", ");
}

std::vector<std::string> port_lines(std::span<const PublishedPort> published) {
  std::vector<PublishedPort> sorted(published.begin(), published.end());
  std::ranges::sort(sorted, {}, [](const PublishedPort& it) {
    return std::tuple(it.port, protocol_name(it.protocol), it.host, it.host_port);
  });
  std::vector<std::string> lines;
  lines.reserve(sorted.size());
  for (const PublishedPort& port : sorted)
    lines.push_back(inner_text(port) + " -> " + side_text(port));
  return lines;
}

std::vector<std::string> host_sides(std::span<const PublishedPort> published, std::uint16_t port,
                                    Protocol protocol) {
  std::vector<std::string> sides;
  for (const PublishedPort& one : published)
    if (one.port == port && one.protocol == protocol) sides.push_back(side_text(one));
  return sides;
}

}  // namespace planet::network
