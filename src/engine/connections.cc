#include "engine/connections.h"

#include <algorithm>

#include "base/strings.h"
#include "oci/codec.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

using network::Address;
using oci::Is;

constexpr std::size_t kMostStored = 1U << 20;
constexpr const char* kDirectory = "connections";

// As it is written: addresses and ports in the forms that people write them in.
struct StoredConnection {
  std::string network, id, bridge, port, interface, mac;
  std::vector<std::string> addresses, gateways;  // "10.88.0.2/24"; "10.88.0.1"
  bool internal = false;
};

struct Stored {
  std::vector<StoredConnection> networks;
  std::vector<std::string> published;
};

void describe(auto& v, Is<StoredConnection> auto& one) {
  v.always("network", one.network);
  v.always("id", one.id);
  v.optional("bridge", one.bridge);
  v.optional("port", one.port);
  v.always("interface", one.interface);
  v.always("mac", one.mac);
  v.always("addresses", one.addresses);
  v.optional("gateways", one.gateways);
  v.optional("internal", one.internal);
}

void describe(auto& v, Is<Stored> auto& stored) {
  v.always("networks", stored.networks);
  v.optional("published", stored.published);
}

std::string address_text(const network::InterfaceAddress& address) {
  return address.address.to_string() + "/" + std::to_string(address.length);
}

Result<network::InterfaceAddress> parse_address(std::string_view text) {
  const std::size_t slash = text.find('/');
  TRY_SET(const Address address, Address::parse(text.substr(0, slash)));
  if (slash == std::string_view::npos)
    return fail(Code::kInvalidArgument, quote(text) + " has no length");
  TRY_SET(const unsigned length, parse_number<unsigned>(text.substr(slash + 1), "length"));
  if (length > address.bits())
    return fail(Code::kInvalidArgument, quote(text) + " is longer than an address");
  return network::InterfaceAddress{.address = address, .length = length};
}

StoredConnection stored(const Connection& connection) {
  StoredConnection one{.network = connection.network,
                       .id = connection.network_id,
                       .bridge = connection.bridge,
                       .port = connection.port,
                       .interface = connection.interface.name,
                       .mac = connection.interface.mac.to_string(),
                       .addresses = {},
                       .gateways = {},
                       .internal = connection.internal};
  for (const auto& address : connection.interface.addresses)
    one.addresses.push_back(address_text(address));
  for (const Address& gateway : connection.interface.gateways)
    one.gateways.push_back(gateway.to_string());
  return one;
}

Result<Connection> restored(const StoredConnection& one) {
  Connection connection{.network = one.network,
                        .network_id = one.id,
                        .bridge = one.bridge,
                        .port = one.port,
                        .interface = {},
                        .internal = one.internal};
  connection.interface.name = one.interface;
  TRY_SET(connection.interface.mac, network::Mac::parse(one.mac));
  for (const std::string& text : one.addresses) {
    TRY_SET(const network::InterfaceAddress address, parse_address(text));
    connection.interface.addresses.push_back(address);
  }
  for (const std::string& text : one.gateways) {
    TRY_SET(const Address gateway, Address::parse(text));
    connection.interface.gateways.push_back(gateway);
  }
  return connection;
}

std::string published_text(const network::PublishedPort& port) {
  return network::publication_text({.host = port.host,
                                    .host_ports = {.first = port.host_port, .last = port.host_port},
                                    .ports = {.first = port.port, .last = port.port},
                                    .protocol = port.protocol});
}

Result<network::PublishedPort> parse_published(std::string_view text) {
  TRY_SET(const network::Publication one, network::parse_publication(text));
  if (!one.host || one.host_ports.size() != 1 || one.host_ports.is_any() || one.ports.size() != 1)
    return fail(Code::kInvalidArgument, quote(text) + " is not one open port");
  return network::PublishedPort{.host = *one.host,
                                .host_port = one.host_ports.first,
                                .port = one.ports.first,
                                .protocol = one.protocol};
}

std::optional<Address> own_address(const Connection& connection, network::Family family) {
  for (const auto& address : connection.interface.addresses)
    if (address.address.family() == family) return address.address;
  return std::nullopt;
}

std::string file_of(const std::string& id) {
  return std::string(kDirectory) + "/" + id;
}

}  // namespace

std::string connections_text(const Connections& connections) {
  Stored all;
  for (const Connection& one : connections.networks) all.networks.push_back(stored(one));
  for (const auto& port : connections.published) all.published.push_back(published_text(port));
  return oci::to_text(oci::Writer::write(all));
}

Result<Connections> parse_connections(std::string_view text) {
  TRY_SET(const oci::json::value value, oci::parse_json(text, kMostStored, oci::Strings::kUtf8));
  Stored all;
  TRY(oci::Reader::read(value, oci::Path(""), all));
  Connections connections;
  for (const StoredConnection& one : all.networks) {
    TRY_SET(Connection connection, restored(one), "network " + quote(one.network));
    connections.networks.push_back(std::move(connection));
  }
  for (const std::string& one : all.published) {
    TRY_SET(const network::PublishedPort port, parse_published(one));
    connections.published.push_back(port);
  }
  return connections;
}

bool Connections::has_bridge() const {
  return std::ranges::any_of(networks, [](const Connection& one) { return !one.bridge.empty(); });
}

std::optional<Address> Connections::address_of(network::Family family) const {
  std::optional<Address> shut_in;
  for (const Connection& connection : networks) {
    const auto own = own_address(connection, family);
    if (!own || connection.bridge.empty()) continue;
    if (!connection.internal) return own;
    if (!shut_in) shut_in = own;
  }
  return shut_in;
}

void assign_gateways(Connections& connections, std::span<const network::Network> networks) {
  std::vector<network::Family> done;
  for (std::size_t i = 0; i < networks.size(); ++i) {
    std::vector<Address>& gateways = connections.networks[i].interface.gateways;
    gateways.clear();
    if (networks[i].internal) continue;
    for (const network::Subnet& subnet : networks[i].subnets) {
      const network::Family family = subnet.prefix.family();
      if (std::ranges::find(done, family) != done.end()) continue;
      done.push_back(family);
      gateways.push_back(subnet.gateway);
    }
  }
}

Result<UniqueFd> lock_connections(const Places& places) {
  TRY_SET(UniqueFd dir, sys::open_at(places.run_dir.borrow(), kDirectory, O_RDONLY | O_DIRECTORY));
  TRY(sys::lock_exclusive(dir.borrow()));
  return dir;
}

Result<> write_connections(const Places& places, const std::string& id,
                           const Connections& connections) {
  return sys::replace_file_at(places.run_dir.borrow(), file_of(id).c_str(),
                              connections_text(connections), 0600);
}

std::optional<Connections> read_connections(const Places& places, const std::string& id) {
  const auto text = sys::read_file_at(places.run_dir.borrow(), file_of(id).c_str(), kMostStored);
  if (!text) return std::nullopt;
  auto connections = parse_connections(*text);
  return connections ? std::optional(*std::move(connections)) : std::nullopt;
}

void drop_connections(const Places& places, const std::string& id) {
  (void)sys::unlink_at(places.run_dir.borrow(), file_of(id).c_str());
}

Result<std::vector<std::string>> connected_ids(const Places& places) {
  TRY_SET(const UniqueFd dir,
          sys::open_at(places.run_dir.borrow(), kDirectory, O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> ids, sys::list_dir(dir.borrow()));
  std::erase_if(ids, [](const std::string& name) { return name.starts_with('.'); });
  return ids;
}

}  // namespace planet::engine
