#include "engine/disconnect.h"

#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "engine/containers.h"
#include "engine/networks.h"
#include "network/lease.h"
#include "network/names.h"
#include "network/record.h"
#include "sys/descriptors.h"
#include "sys/file.h"
#include "sys/pipe.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

using network::FirewallChange;

enum class Direction : std::uint8_t { kAdd, kRemove };

std::uint8_t number_of(network::Protocol protocol) {
  switch (protocol) {
    case network::Protocol::kTcp:
      return IPPROTO_TCP;
    case network::Protocol::kUdp:
      return IPPROTO_UDP;
    case network::Protocol::kSctp:
      return IPPROTO_SCTP;
  }
  return 0;
}

network::FirewallPort port_of(const Connection& connection) {
  network::FirewallPort port{
      .port = connection.port, .mac = connection.interface.mac, .addresses = {}};
  for (const auto& address : connection.interface.addresses)
    port.addresses.push_back(address.address);
  return port;
}

// None: no address of the container's is of the family of this host's.
std::optional<network::ForwardedPort> forwarded(const Connections& connections,
                                                const network::PublishedPort& port) {
  const auto address = connections.address_of(port.host.family());
  if (!address) return std::nullopt;
  network::ForwardedPort made{.protocol = number_of(port.protocol),
                              .host_address = port.host,
                              .host_port = port.host_port,
                              .address = *address,
                              .port = port.port};
  if (port.host.is_unspecified()) made.host_address.reset();
  return made;
}

void take_ports(FirewallChange& change, const Connections& connections) {
  for (const network::PublishedPort& port : connections.published)
    if (const auto one = forwarded(connections, port)) change.unpublish(*one);
}

void publish(FirewallChange& change, const Connections& connections) {
  for (const network::PublishedPort& port : connections.published)
    if (const auto one = forwarded(connections, port)) change.publish(*one);
}

void put(FirewallChange& change, const Connections& connections, Direction direction) {
  const bool adds = direction == Direction::kAdd;
  for (const Connection& connection : connections.networks) {
    if (connection.port.empty()) continue;
    adds ? change.add_port(port_of(connection)) : change.remove_port(port_of(connection));
  }
  adds ? publish(change, connections) : take_ports(change, connections);
}

void remove_names(const Places& places, const std::string& id, const Connection& connection) {
  const auto dir = network::open_network_run_dir(places.run_dir.borrow(), connection.network_id);
  if (!dir) return;
  const auto names = network::Names::open(dir->borrow());
  if (names) (void)names->remove(id);
}

void give_back_addresses(const Places& places, const std::string& id,
                         const Connection& connection) {
  network::Network of;
  of.id = connection.network_id;
  of.name = connection.network;
  const auto leases = network::Leases::open(places.run_dir.borrow(), of);
  if (!leases) return;
  for (const auto& address : connection.interface.addresses) leases->release(address.address, id);
}

// Last: from here on they are another's.
void give_back(const Places& places, const std::string& id, const Connections& connections) {
  for (const Connection& connection : connections.networks)
    give_back_addresses(places, id, connection);
  drop_connections(places, id);
}

bool has_ports(const Connections& connections) {
  return std::ranges::any_of(connections.networks,
                             [](const Connection& one) { return !one.port.empty(); });
}

// What the packet filter was told by, whose end the kernel holds up; nothing if there was nothing to tell.
std::optional<network::Firewall> close_ports(const Places& places, const Connections& connections) {
  if (!has_ports(connections)) return std::nullopt;
  auto firewall = open_firewall(places);
  if (!firewall) return std::nullopt;
  FirewallChange change;
  put(change, connections, Direction::kRemove);
  (void)firewall->apply(change);
  return *std::move(firewall);
}

// So that nobody, meanwhile, gives the packet filter what is still written down. Without the lock, too, all has to go.
UniqueFd lock_if_possible(const Places& places) {
  auto lock = lock_connections(places);
  return lock ? *std::move(lock) : UniqueFd();
}

// All of it, under the lock; the result is that of close_ports().
std::optional<network::Firewall> undo(const Places& places, const std::string& id,
                                      const Connections& connections) {
  for (const Connection& connection : connections.networks) remove_names(places, id, connection);
  auto firewall = close_ports(places, connections);
  give_back(places, id, connections);
  return firewall;
}

// Whether who holds the one keeps others from holding the other.
bool is_same_port(const network::PublishedPort& one, const network::PublishedPort& other) {
  return one.protocol == other.protocol && one.host_port == other.host_port &&
         one.host.family() == other.host.family() &&
         (one.host == other.host || one.host.is_unspecified() || other.host.is_unspecified());
}

// Nobody is at it: who starts it, or keeps it, holds its lock; one that is gone is started by nobody.
void disconnect_dead(const Places& places, const std::string& id) {
  const auto lock = lock_container(places, id, 0);
  if (lock || lock.error().code() == Code::kNotFound) disconnect(places, id);
}

// All networks, and the containers that live: what one that was killed has left may be another's by now. Who is being taken away is
// in it and is taken out again, or is no longer written down.
Result<FirewallChange> all_there_is(const Places& places) {
  FirewallChange change;
  // Before the lock: it may have to lock the networks, and who has those may wait for the connections.
  TRY_SET(const std::vector<network::Network> networks, list_networks(places));
  TRY_SET(const UniqueFd lock, lock_connections(places));
  for (const network::Network& one : networks)
    if (one.driver == network::Driver::kBridge)
      change.add_network({.bridge = one.bridge(), .internal = one.internal});
  TRY_SET(const std::vector<std::string> ids, connected_ids(places));
  for (const std::string& id : ids) {
    if (!holds_leases(places, id)) continue;
    if (const auto connections = read_connections(places, id))
      put(change, *connections, Direction::kAdd);
  }
  return change;
}

}  // namespace

Result<network::Firewall> open_firewall(const Places& places) {
  if (places.run_root == Places::kRunRoot) return network::Firewall::open("");
  // Those of another run directory are their own.
  const std::string name = network::link_name(network::LinkKind::kBridge, places.run_root);
  return network::Firewall::open("_" + name);
}

Result<> tell_firewall(const Places& places, network::Firewall& firewall,
                       const FirewallChange& change) {
  Result<> done = firewall.apply(change);
  if (done || done.error().code() != Code::kNotFound) return done;
  TRY(ensure_firewall(places, firewall));
  return firewall.apply(change);
}

Result<> admit(const Places& places, network::Firewall& firewall, const Connections& connections) {
  const auto add = [&](bool others_are_there) {
    FirewallChange change;
    if (others_are_there) take_ports(change, connections);
    put(change, connections, Direction::kAdd);
    return tell_firewall(places, firewall, change);
  };
  Result<> done = add(false);
  if (done || done.error().code() != Code::kAlreadyExists) return done;
  return add(true);
}

Result<> take_over_ports(const Places& places, const std::string& holder,
                         std::span<const network::PublishedPort> held) {
  const auto is_ours = [&](const network::PublishedPort& port) {
    return std::ranges::any_of(held, [&](const auto& one) { return is_same_port(one, port); });
  };
  TRY_SET(const std::vector<std::string> ids, connected_ids(places));
  for (const std::string& id : ids) {
    if (id == holder) continue;
    auto theirs = read_connections(places, id);
    if (!theirs || std::ranges::none_of(theirs->published, is_ours)) continue;
    Connections lost = *theirs;
    std::erase_if(lost.published, [&](const auto& port) { return !is_ours(port); });
    std::erase_if(theirs->published, is_ours);
    FirewallChange change;
    take_ports(change, lost);
    TRY_SET(network::Firewall firewall, open_firewall(places));
    TRY(firewall.apply(change));
    TRY(write_connections(places, id, *theirs));
  }
  return {};
}

void take_away_one(const Places& places, const std::string& id, const Connection& gone,
                   const Connections& before, const Connections& after) {
  remove_names(places, id, gone);
  FirewallChange change;
  take_ports(change, before);
  if (!gone.port.empty()) change.remove_port(port_of(gone));
  publish(change, after);
  auto firewall = open_firewall(places);
  if (firewall) (void)firewall->apply(change);
  give_back_addresses(places, id, gone);
}

std::optional<network::Firewall> take_away(const Places& places, const std::string& id,
                                           const Connections& connections) {
  const UniqueFd lock = lock_if_possible(places);
  return undo(places, id, connections);
}

void disconnect(const Places& places, const std::string& id) {
  // Before what is written down is read: whoever has a port after this container strikes it out.
  UniqueFd lock = lock_if_possible(places);
  const auto connections = read_connections(places, id);
  if (!connections) return drop_connections(places, id);
  const auto firewall = undo(places, id, *connections);
  lock.reset();
}

void sweep_connections(const Places& places, const std::set<std::string>& living) {
  const auto ids = connected_ids(places);
  if (!ids) return;
  for (const std::string& id : *ids)
    if (!living.contains(id) && !holds_leases(places, id)) disconnect_dead(places, id);
}

Result<network::Firewall> ensure_firewall(const Places& places) {
  TRY_SET(network::Firewall firewall, open_firewall(places));
  TRY(ensure_firewall(places, firewall));
  return firewall;
}

Result<bool> ensure_firewall(const Places& places, network::Firewall& firewall) {
  return firewall.ensure(places.run_dir.borrow(), [&] { return all_there_is(places); });
}

}  // namespace planet::engine
