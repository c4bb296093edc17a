// Published ports: what -p, -P, --expose and an image's EXPOSE say, and how docker writes what came of it. Pure.
//
//   [address:][host port[-host port]:]port[-port][/tcp|udp|sctp]     an IPv6 address in brackets
//   published=8080,target=80,protocol=udp                            the same in words
//
// Without a host port, or with 0, any free one is meant. Ranges of the host and of the container are equally long, and
// one port of the container may have any free one of a range of the host.
//
// Source: docker-run(1), -p, -P, --expose; docker-port(1); docker-ps(1).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "network/address.h"

namespace planet::network {

enum class Protocol : std::uint8_t { kTcp, kUdp, kSctp };
std::string_view protocol_name(Protocol protocol);  // "tcp"

struct PortRange {
  std::uint16_t first = 0, last = 0;  // both belong to it; 0 to 0: any free ports
  unsigned size() const { return last - first + 1U; }
  bool is_any() const { return first == 0; }
  bool overlaps(const PortRange& other) const { return first <= other.last && other.first <= last; }
  bool operator==(const PortRange&) const = default;
};

// One -p, as it was given.
struct Publication {
  std::optional<Address> host;  // none: what the host's default is
  PortRange host_ports, ports;  // ports: the container's, from 1 on
  Protocol protocol = Protocol::kTcp;
  bool operator==(const Publication&) const = default;
};

// Errors: kInvalidArgument, naming the text and what is expected.
Result<Publication> parse_publication(std::string_view text);
// In the grammar that parse_publication reads.
std::string publication_text(const Publication& publication);

// "80", "53/udp", "3000-3010/tcp"
struct ExposedPorts {
  PortRange ports;
  Protocol protocol = Protocol::kTcp;
  bool operator==(const ExposedPorts&) const = default;
};
// `what` names where the text stands: "--expose", "the image's EXPOSE".
Result<ExposedPorts> parse_exposed(std::string_view what, std::string_view text);
std::string exposed_text(const ExposedPorts& exposed);

// -P: `published`, and any free port of the host for each exposed port that is not among them.
// Errors: kInvalidArgument - more than 1024 ports.
Result<std::vector<Publication>> publish_exposed(std::vector<Publication> published,
                                                 std::span<const ExposedPorts> exposed);

// What is to be opened for one publication: the same ports of the host on each of `hosts`.
struct PortRequest {
  std::vector<Address> hosts;
  PortRange host_ports, ports;
  Protocol protocol = Protocol::kTcp;
  // One port of the container, for which any port of `host_ports` will do.
  bool takes_one_of_range() const { return ports.size() == 1 && host_ports.size() > 1; }
  bool operator==(const PortRequest&) const = default;
};
// `defaults` are the host's addresses for publications that name none: 127.0.0.1, or 0.0.0.0 and ::, say. What is asked
// for twice counts once.
// Errors: kInvalidArgument - one port of the host for two of the container; more than 1024 publications.
Result<std::vector<PortRequest>> plan_ports(std::span<const Publication> publications,
                                            std::span<const Address> defaults);

// One port as it is open.
struct PublishedPort {
  Address host;
  std::uint16_t host_port = 0, port = 0;
  Protocol protocol = Protocol::kTcp;
  bool operator==(const PublishedPort&) const = default;
};

// "0.0.0.0:8080->80/tcp, 443/tcp", as `ps` has it: consecutive ports that are the same on both sides are folded, and what
// is exposed and not published stands alone.
std::string ports_text(std::span<const PublishedPort> published,
                       std::span<const ExposedPorts> exposed);

// "80/tcp -> 0.0.0.0:8080", as `port` has it, by port.
std::vector<std::string> port_lines(std::span<const PublishedPort> published);
// "0.0.0.0:8080": the host's side of one port.
std::vector<std::string> host_sides(std::span<const PublishedPort> published, std::uint16_t port,
                                    Protocol protocol);

}  // namespace planet::network
