// What a container has of its networks while it runs: written down before any of it is made, and dropped when all of it is gone,
// so that whoever finds it without its container knows what to take away.
//
//   runroot/connections/<id>      of the container of this id
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/places.h"
#include "network/links.h"
#include "network/ports.h"
#include "network/record.h"

namespace planet::engine {

// One network that it is in.
struct Connection {
  std::string network, network_id;
  std::string bridge;  // empty: its interface is a macvlan
  std::string
      port;  // its port of the bridge, as it is called on this host; it ends with the container's namespace
  network::Interface interface;
  bool internal = false;  // the network has no way out
};

struct Connections {
  std::vector<Connection> networks;  // in the order of the record's attachments
  std::vector<network::PublishedPort> published;

  bool has_bridge() const;

  // The address of that family which published ports lead to: on the first network with a bridge and a way out, or on the first
  // with a bridge, where only this host reaches it.
  std::optional<network::Address> address_of(network::Family family) const;
};

// The default route of each family is that of the first network that has a way out for it. `networks` are those of the
// connections, in their order. Pure.
void assign_gateways(Connections& connections, std::span<const network::Network> networks);

// As JSON, and back. Pure.
// Errors: kInvalidArgument, kCorrupt - it was not written by connections_text.
std::string connections_text(const Connections& connections);
Result<Connections> parse_connections(std::string_view text);

// Who writes down connections holds it, and who decides by what others have written down, so that both agree on who has a port
// of the host, and on whether a network is in use. For an instant only.
Result<UniqueFd> lock_connections(const Places& places);

Result<> write_connections(const Places& places, const std::string& id,
                           const Connections& connections);
// None: it has none, or they cannot be read.
std::optional<Connections> read_connections(const Places& places, const std::string& id);
void drop_connections(const Places& places, const std::string& id);
// Whose are written down.
Result<std::vector<std::string>> connected_ids(const Places& places);

}  // namespace planet::engine
