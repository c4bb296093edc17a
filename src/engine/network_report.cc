#include "engine/network_report.h"

#include <algorithm>

#include "engine/container_ports.h"
#include "engine/networks.h"
#include "image/digest.h"

namespace planet::engine {
namespace {

namespace json = oci::json;
using network::Address;
using network::Family;

json::object as_object(const std::map<std::string, std::string>& pairs) {
  json::object object;
  for (const auto& [key, value] : pairs) object[key] = value;
  return object;
}

json::object inspect_subnet(const network::Subnet& subnet) {
  json::object object;
  object["Subnet"] = subnet.prefix.to_string();
  if (subnet.range) object["IPRange"] = subnet.range->to_string();
  object["Gateway"] = subnet.gateway.to_string();
  json::object others;
  for (const auto& [name, address] : subnet.others) others[name] = address.to_string();
  if (!others.empty()) object["AuxiliaryAddresses"] = std::move(others);
  return object;
}

bool is_plain(const network::Network& network) {
  return network.driver == network::Driver::kHost || network.driver == network::Driver::kNull;
}

json::object inspect_addresses(const network::Network& network) {
  json::object object{{"Driver", "default"}, {"Options", json::object()}};
  json::array config;
  for (const network::Subnet& subnet : network.subnets) config.push_back(inspect_subnet(subnet));
  if (network.is_default() || is_plain(network)) object["Options"] = nullptr;
  if (is_plain(network))
    object["Config"] = nullptr;
  else
    object["Config"] = std::move(config);
  return object;
}

// docker has an id for each pair of a network and a container in it; it needs to be the same for as long as they are.
std::string endpoint_id(const std::string& container, const std::string& network) {
  return image::digest_of(container + network).hex();
}

const network::InterfaceAddress* address_of(const Connection& connection, Family family) {
  const auto& all = connection.interface.addresses;
  const auto found = std::ranges::find(
      all, family, [](const network::InterfaceAddress& it) { return it.address.family(); });
  return found == all.end() ? nullptr : &*found;
}

// "10.88.0.2/24"; empty if it has none.
std::string prefix_text(const Connection& connection, Family family) {
  const auto* address = address_of(connection, family);
  return address == nullptr ? ""
                            : address->address.to_string() + "/" + std::to_string(address->length);
}

std::string gateway_text(const Connection& connection, Family family) {
  const auto& all = connection.interface.gateways;
  const auto found = std::ranges::find(all, family, &Address::family);
  return found == all.end() ? "" : found->to_string();
}

// What docker says of an address of each family, and of the way out.
void add_addresses(const Connection* connection, json::object& object) {
  const auto text = [&](Family family) {
    const auto* address = connection == nullptr ? nullptr : address_of(*connection, family);
    return address == nullptr ? "" : address->address.to_string();
  };
  const auto length = [&](Family family) {
    const auto* address = connection == nullptr ? nullptr : address_of(*connection, family);
    return address == nullptr ? 0U : address->length;
  };
  const auto gateway = [&](Family family) {
    return connection == nullptr ? "" : gateway_text(*connection, family);
  };
  object["Gateway"] = gateway(Family::kIpv4);
  object["IPAddress"] = text(Family::kIpv4);
  object["IPPrefixLen"] = length(Family::kIpv4);
  object["IPv6Gateway"] = gateway(Family::kIpv6);
  object["GlobalIPv6Address"] = text(Family::kIpv6);
  object["GlobalIPv6PrefixLen"] = length(Family::kIpv6);
  object["MacAddress"] = connection == nullptr ? "" : connection->interface.mac.to_string();
}

json::value wanted_addresses(const network::Attachment* attachment) {
  if (attachment == nullptr || (!attachment->ipv4 && !attachment->ipv6)) return nullptr;
  json::object object;
  if (attachment->ipv4) object["IPv4Address"] = attachment->ipv4->to_string();
  if (attachment->ipv6) object["IPv6Address"] = attachment->ipv6->to_string();
  return object;
}

// One of "Networks".
json::object endpoint_json(const Record& record, const std::string& name,
                           const Connection* connection) {
  const auto attachment = find_attachment(record, name);
  const network::Attachment* said = attachment == record.attachments.end() ? nullptr : &*attachment;
  std::string id = connection == nullptr ? "" : connection->network_id;
  if (const auto plain = network::plain_network(name)) id = plain->id;
  const std::vector<std::string> names =
      said == nullptr ? std::vector<std::string>() : names_in(record, *said);
  json::object object{
      {"IPAMConfig", wanted_addresses(said)},
      {"Links", nullptr},
      {"Aliases",
       said == nullptr || said->aliases.empty() ? json::value() : oci::to_array(said->aliases)},
      {"DriverOpts", nullptr},
      {"NetworkID", id},
      {"EndpointID", connection == nullptr ? "" : endpoint_id(record.id, id)},
      {"DNSNames", names.empty() ? json::value() : oci::to_array(names)}};
  add_addresses(connection, object);
  return object;
}

const Connection* connection_to(const Connections& connections, const std::string& name) {
  const auto found = std::ranges::find(connections.networks, name, &Connection::network);
  return found == connections.networks.end() ? nullptr : &*found;
}

// One of "Containers" of a network.
json::object member_json(const Record& record, const Connection& connection) {
  return {{"Name", record.name},
          {"EndpointID", endpoint_id(record.id, connection.network_id)},
          {"MacAddress", connection.interface.mac.to_string()},
          {"IPv4Address", prefix_text(connection, Family::kIpv4)},
          {"IPv6Address", prefix_text(connection, Family::kIpv6)}};
}

json::object members_of(const Places& places, const network::Network& network) {
  json::object members;
  const auto ids = connected_ids(places);
  if (!ids || is_plain(network)) return members;
  for (const std::string& id : *ids) {
    const auto container = look_at(places, id);
    if (!container) continue;
    for (const Connection& connection : connections_of(places, *container).networks)
      if (connection.network_id == network.id)
        members[id] = member_json(container->record, connection);
  }
  return members;
}

}  // namespace

Connections connections_of(const Places& places, const Container& container) {
  const bool runs = container.status == Status::kRunning || container.status == Status::kPaused;
  if (!runs || container.record.attachments.empty()) return {};
  return read_connections(places, container.record.id).value_or(Connections{});
}

json::object inspect_network(const Places& places, const network::Network& network) {
  return network_json(network, members_of(places, network));
}

json::object network_json(const network::Network& network, json::object containers) {
  json::object options = as_object(network.options);
  if (network.is_default()) {
    options["com.docker.network.bridge.default_bridge"] = "true";
    options[network::kBridgeNameOption] = network.bridge();
  }
  return {{"Name", network.name},
          {"Id", network.id},
          {"Created", network.created},
          {"Scope", "local"},
          {"Driver", std::string(network::driver_name(network.driver))},
          {"EnableIPv4", is_plain(network) || network.subnet_of(network::Family::kIpv4) != nullptr},
          {"EnableIPv6", network.subnet_of(network::Family::kIpv6) != nullptr},
          {"IPAM", inspect_addresses(network)},
          {"Internal", network.internal},
          {"Attachable", false},
          {"Ingress", false},
          {"ConfigFrom", {{"Network", ""}}},
          {"ConfigOnly", false},
          {"Containers", std::move(containers)},
          {"Options", std::move(options)},
          {"Labels", as_object(network.labels)}};
}

json::object network_settings(const Record& record, const Connections& connections) {
  json::object networks;
  for (const std::string& name : networks_of(record))
    networks[name] = endpoint_json(record, name, connection_to(connections, name));
  const bool connected = !connections.networks.empty();
  json::object settings{
      {"Bridge", ""},
      {"Ports", connected ? ports_json(connections.published, record.exposed) : json::object()}};
  // docker's oldest words, from when there was only one network.
  const Connection* first = connection_to(connections, network::kDefaultNetwork);
  settings["EndpointID"] = first == nullptr ? "" : endpoint_id(record.id, first->network_id);
  add_addresses(first, settings);
  settings["Networks"] = std::move(networks);
  return settings;
}

}  // namespace planet::engine
