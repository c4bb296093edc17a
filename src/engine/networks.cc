#include "engine/networks.h"

#include <algorithm>
#include <set>
#include <utility>

#include "base/strings.h"
#include "engine/bridge.h"
#include "engine/containers.h"
#include "engine/disconnect.h"
#include "engine/events.h"
#include "engine/every_record.h"
#include "network/host_routes.h"
#include "network/host_settings.h"
#include "network/lease.h"
#include "network/store.h"
#include "sys/process.h"
#include "sys/random.h"

namespace planet::engine {
namespace {

using network::kDefaultNetwork;
using Networks = std::vector<network::Network>;

constexpr std::size_t kIdDigits = 64;

Result<network::Surroundings> surroundings(BorrowedFd dir, Networks networks) {
  network::Surroundings around;
  around.networks = std::move(networks);
  TRY_SET(network::HostSettings settings, network::read_host_settings());
  around.pools = std::move(settings.pools);
  TRY_SET(around.host, network::host_routes());
  TRY_SET(around.ipv6_site, network::site_prefix(dir));
  return around;
}

void name_bridge(network::Network& network) {
  constexpr std::size_t kDigits = 12;
  network.link.bridge = "pl-" + network.id.substr(0, kDigits);
  network.options[network::kBridgeNameOption] = network.link.bridge;
}

Result<> write_down(BorrowedFd dir, network::Network& made) {
  if (made.id.empty()) made.id = sys::random_hex(kIdDigits);
  made.created = sys::now_text();
  return network::add_network(dir, made);
}

// The lock is held. What is written down, with the default network among it.
Result<Networks> with_default(const Places& places, BorrowedFd dir) {
  TRY_SET(Networks networks, network::read_networks(dir));
  if (std::ranges::find(networks, kDefaultNetwork, &network::Network::name) != networks.end())
    return networks;
  TRY_SET(const network::Surroundings around, surroundings(dir, networks));
  TRY_SET(network::Network made, network::plan_default_network(around));
  made.id = sys::random_hex(kIdDigits);
  // That of another store has another bridge.
  if (places.root != Places::kRoot) name_bridge(made);
  TRY(write_down(dir, made), "make the default network");
  networks.push_back(std::move(made));
  return networks;
}

void add_plain(Networks& networks) {
  for (const char* name : {"host", "none"}) networks.push_back(*network::plain_network(name));
}

// The record of the name, or that of the id; none of one whose record cannot be read, which is named by `name` then.
struct Victim {
  std::string name;
  std::optional<network::Network> record;
};
Result<Victim> find_victim(BorrowedFd dir, std::string_view text) {
  if (const auto plain = network::plain_network(text))
    return Victim{.name = plain->name, .record = plain};
  auto named = network::read_network(dir, text);
  if (named) return Victim{.name = named->name, .record = *std::move(named)};
  if (named.error().code() == Code::kCorrupt)
    return Victim{.name = std::string(text), .record = {}};
  TRY_SET(Networks networks, network::read_networks(dir));
  add_plain(networks);
  TRY_SET(network::Network found, network::find_network(networks, text));
  return Victim{.name = found.name, .record = std::move(found)};
}

Result<> check_removable(const Places& places, const Victim& victim) {
  const bool damaged = !victim.record;
  if (network::is_predefined(victim.name) && !damaged)
    return fail(Code::kWrongState, victim.name + " is a pre-defined network and cannot be removed");
  TRY_SET(const NetworkUsers users, network_users(places));
  const auto used = users.find(victim.name);
  if (used == users.end() || damaged) return {};
  return fail(Code::kWrongState, "remove " + victim.name + ": containers are in the network - [" +
                                     join(used->second, ", ") + "]; remove them first");
}

// Its bridge, if containers have been in it.
void take_off_host(const Places& places, const network::Network& network) {
  if (network.driver != network::Driver::kBridge) return;
  auto links = network::Links::open();
  auto firewall = open_firewall(places);
  if (links && firewall) remove_bridge(network, *links, *firewall);
}

// The ids of those that running containers are in.
std::set<std::string> connected_networks(const Places& places) {
  std::set<std::string> found;
  const auto ids = connected_ids(places);
  if (!ids) return found;
  for (const std::string& id : *ids)
    if (const auto connections = read_connections(places, id))
      for (const Connection& one : connections->networks) found.insert(one.network_id);
  return found;
}

// The lock is held.
Result<> take_away(const Places& places, BorrowedFd dir, const Victim& victim) {
  TRY(network::drop_network(dir, victim.name), "remove " + victim.name);
  if (!victim.record) return {};
  take_off_host(places, *victim.record);
  TRY(network::remove_leases(places.run_dir.borrow(), victim.record->id));
  note_event(places, network_event("destroy", *victim.record));
  return {};
}

// Nobody is connected: it comes again with the next one.
void drop_firewall(const Places& places) {
  auto firewall = open_firewall(places);
  if (firewall) (void)firewall->remove_all();
}

void sweep_leases(const Places& places, const network::Network& of) {
  const auto leases = network::Leases::open(places.run_dir.borrow(), of);
  if (leases) (void)leases->sweep([&](const std::string& id) { return holds_leases(places, id); });
}

}  // namespace

Result<Networks> list_networks(const Places& places) {
  TRY_SET(const UniqueFd dir, network::open_networks(places.root_dir.borrow()));
  TRY_SET(Networks networks, network::read_networks(dir.borrow()));
  if (std::ranges::find(networks, kDefaultNetwork, &network::Network::name) == networks.end()) {
    TRY_SET(const UniqueFd locked, network::lock_networks(places.root_dir.borrow()));
    TRY_SET(networks, with_default(places, locked.borrow()));
  }
  add_plain(networks);
  std::ranges::sort(networks, {}, &network::Network::name);
  return networks;
}

Result<network::Network> find_network(const Places& places, std::string_view text) {
  if (auto plain = network::plain_network(text)) return *std::move(plain);
  const std::string_view name = text == "default" ? kDefaultNetwork : text;
  // The usual case first: one file is read.
  TRY_SET(const UniqueFd dir, network::open_networks(places.root_dir.borrow()));
  auto named = network::read_network(dir.borrow(), name);
  if (named || named.error().code() != Code::kNotFound) return named;
  TRY_SET(const Networks networks, list_networks(places));
  return network::find_network(networks, name);
}

Result<network::Network> create_network(const Places& places, const network::Wish& wish) {
  if (network::is_predefined(wish.name))
    return fail(Code::kInvalidArgument,
                "network " + wish.name + " is a pre-defined network; choose another name");
  TRY_SET(const UniqueFd dir, network::lock_networks(places.root_dir.borrow()));
  TRY_SET(Networks networks, with_default(places, dir.borrow()));
  TRY_SET(const network::Surroundings around, surroundings(dir.borrow(), std::move(networks)));
  TRY_SET(network::Network made, network::plan_network(wish, around));
  TRY(write_down(dir.borrow(), made));
  note_event(places, network_event("create", made));
  return made;
}

bool has_own_network(const Record& record) {
  return !record.host_network && record.shared.network.empty();
}

std::vector<std::string> networks_of(const Record& record) {
  if (record.host_network) return {"host"};
  if (!record.shared.network.empty()) return {};
  if (record.attachments.empty()) return {"none"};
  std::vector<std::string> names;
  names.reserve(record.attachments.size());
  for (const network::Attachment& one : record.attachments) names.push_back(one.network);
  return names;
}

std::vector<network::Attachment>::const_iterator find_attachment(const Record& record,
                                                                 std::string_view network) {
  return std::ranges::find(record.attachments, network, &network::Attachment::network);
}

std::vector<std::string> names_in(const Record& record, const network::Attachment& attachment) {
  if (attachment.network == kDefaultNetwork) return {};
  std::vector<std::string> names{record.name};
  const auto add = [&](const std::string& name) {
    if (!name.empty() && std::ranges::find(names, name) == names.end()) names.push_back(name);
  };
  for (const std::string& alias : attachment.aliases) add(alias);
  add(record.id.substr(0, kShortId));
  add(record.hostname);
  return names;
}

Result<NetworkUsers> network_users(const Places& places) {
  TRY_SET(const std::vector<Record> records, every_record(places));
  NetworkUsers users;
  for (const Record& record : records)
    for (const std::string& name : networks_of(record)) users[name].push_back(record.id);
  return users;
}

Result<> remove_network(const Places& places, std::string_view text) {
  TRY_SET(const UniqueFd dir, network::lock_networks(places.root_dir.borrow()));
  const std::string_view name = text == "default" ? kDefaultNetwork : text;
  // It would be there as soon as somebody looked.
  if (name == kDefaultNetwork) (void)with_default(places, dir.borrow());
  TRY_SET(const Victim victim, find_victim(dir.borrow(), name));
  TRY(check_removable(places, victim));
  return take_away(places, dir.borrow(), victim);
}

namespace {

// The lock is held.
Result<Networks> named_networks(BorrowedFd dir,
                                const std::vector<network::Attachment>& attachments) {
  Networks networks;
  for (const network::Attachment& one : attachments) {
    if (std::ranges::find(networks, one.network, &network::Network::name) != networks.end())
      return fail(Code::kInvalidArgument,
                  "--network: " + one.network + " is named twice; name it once");
    TRY_SET(network::Network found, network::read_network(dir, one.network));
    TRY(network::check_attachment(one, found));
    networks.push_back(std::move(found));
  }
  return networks;
}

// Whoever looks for the default network may have to make it: without the lock.
Result<> settle_names(const Places& places, std::vector<network::Attachment>& attachments) {
  for (network::Attachment& one : attachments) {
    TRY_SET(const network::Network found, find_network(places, one.network));
    if (network::plain_network(found.name))
      return fail(Code::kInvalidArgument, "--network " + quote(one.network) + " is " + found.name +
                                              ", which goes by its name only: --network " +
                                              found.name);
    one.network = found.name;
  }
  return {};
}

}  // namespace

Result<ClaimedNetworks> claim_networks(const Places& places,
                                       std::vector<network::Attachment>& attachments) {
  // The usual case first: all are called by their names, and are there.
  TRY_SET(UniqueFd dir, network::lock_networks(places.root_dir.borrow()));
  auto networks = named_networks(dir.borrow(), attachments);
  if (!networks && networks.error().code() == Code::kNotFound) {
    dir.reset();
    TRY(settle_names(places, attachments));
    TRY_SET(dir, network::lock_networks(places.root_dir.borrow()));
    networks = named_networks(dir.borrow(), attachments);
  }
  TRY(networks);
  return ClaimedNetworks{.lock = std::move(dir), .networks = *std::move(networks)};
}

Result<std::vector<std::string>> prune_networks(
    const Places& places, const std::function<bool(const network::Network&)>& wanted) {
  TRY_SET(const UniqueFd dir, network::lock_networks(places.root_dir.borrow()));
  TRY_SET(const Networks networks, network::read_networks(dir.borrow()));
  TRY_SET(const NetworkUsers users, network_users(places));
  sweep_connections(places);
  // A network that nobody is in now gets its bridge again from whoever comes, and not before this is over.
  TRY_SET(const UniqueFd lock, lock_connections(places));
  const std::set<std::string> connected = connected_networks(places);
  std::vector<std::string> gone;
  for (const network::Network& one : networks) {
    if (one.is_default() || users.contains(one.name) || !wanted(one)) {
      sweep_leases(places, one);
      if (!connected.contains(one.id)) take_off_host(places, one);
      continue;
    }
    TRY(take_away(places, dir.borrow(), {.name = one.name, .record = one}));
    gone.push_back(one.name);
  }
  if (connected.empty()) drop_firewall(places);
  return gone;
}

bool holds_leases(const Places& places, const std::string& id) {
  const auto container = look_at(places, id);
  return container && (is_up(container->status) || container->status == Status::kChanging);
}

}  // namespace planet::engine
