// Which networks a container is to be in, and as what: --network with all that may stand in it, and the flags that say
// more of the first one. Pure.
//
//   none | host | container:NAME
//   NETWORK                                              its name, or its id or the beginning of it; "default" is "bridge"
//   name=NETWORK,alias=NAME,ip=ADDRESS,ip6=ADDRESS,mac-address=MAC,driver-opt=com.docker.network.endpoint.ifname=NAME
//
// Fields are CSV, as docker reads them: one with a comma in it stands between double quotes.
//
// Source: docker-run(1), --network, --ip, --ip6, --mac-address, --network-alias; RFC 4180.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "network/address.h"
#include "network/mac.h"
#include "network/record.h"

namespace planet::network {

struct Attachment {
  std::string network;               // as it was named
  std::vector<std::string> aliases;  // names in this network, besides the container's own
  std::optional<Address> ipv4, ipv6;
  std::optional<Mac> mac;
  std::string interface;  // its name inside; empty: the network's prefix and a number
  bool operator==(const Attachment&) const = default;
};

// Errors: kInvalidArgument, naming the text and what is expected.
Result<Attachment> parse_attachment(std::string_view text);
// In the form that parse_attachment reads.
std::string attachment_text(const Attachment& attachment);

// What the flags besides --network say of the first network; none: nothing.
struct AttachmentFlags {
  std::optional<std::string> ip, ip6, mac;
  std::vector<std::string> aliases;
  std::string_view alias_flag = "--network-alias";  // what the flag of the aliases is called
  bool is_empty() const { return !ip && !ip6 && !mac && aliases.empty(); }
};

enum class NetworkMode : std::uint8_t {
  kNone,       // a namespace with loopback alone
  kHost,       // no namespace
  kContainer,  // another container's
  kNetworks    // a namespace that is connected
};
struct NetworkChoice {
  NetworkMode mode = NetworkMode::kNone;
  std::string container;                // kContainer: as it was named
  std::vector<Attachment> attachments;  // kNetworks: one at least
  bool operator==(const NetworkChoice&) const = default;
};

// All of --network's values; none of them means `otherwise`, one value.
// Errors: kInvalidArgument - what does not go together, a network named twice, those of parse_attachment.
Result<NetworkChoice> choose_networks(const std::vector<std::string>& texts,
                                      const AttachmentFlags& flags, const std::string& otherwise);

// One network by its name or id, and what the flags say of it. `options`: those of --driver-opt.
// Errors: kInvalidArgument, naming the flag.
Result<Attachment> plan_attachment(const std::string& network, const AttachmentFlags& flags,
                                   const std::vector<std::string>& options);

// Whether the network can give the addresses and the names that are asked for. The default network gives neither.
// Errors: kInvalidArgument, naming the address and the network.
Result<> check_attachment(const Attachment& attachment, const Network& network);

}  // namespace planet::network
