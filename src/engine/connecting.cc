#include "engine/connecting.h"

#include <fcntl.h>
#include <linux/netlink.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "engine/bridge.h"
#include "engine/connect_steps.h"
#include "engine/containers.h"
#include "engine/disconnect.h"
#include "engine/networks.h"
#include "network/attachment.h"
#include "network/host_settings.h"
#include "network/lease.h"
#include "network/names.h"
#include "sys/file.h"
#include "sys/netlink.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

using network::Address;
using network::Family;
using network::Firewall;
using network::FirewallChange;
using network::Links;

bool has(const auto& range, const auto& value, auto projection) {
  return std::ranges::find(range, value, projection) != range.end();
}

// With published ports it may speak to itself by way of this host.
network::Veth veth_of(const Connection& connection, const network::Network& network,
                      bool publishes) {
  return {.host_name = connection.port,
          .name = connection.interface.name,
          .bridge = connection.bridge,
          .mac = connection.interface.mac,
          .mtu = link_mtu(network),
          .isolated = !network.link.connects_containers,
          .hairpin = publishes};
}

// The container's end and this host's are there, both down.
Result<> make_link(Links& links, const Connection& connection, const network::Network& network,
                   BorrowedFd ns) {
  if (connection.port.empty())
    return links.create_macvlan({.name = connection.interface.name,
                                 .parent = network.link.parent,
                                 .mac = connection.interface.mac,
                                 .mtu = network.link.mtu,
                                 .mode = network.link.mode},
                                ns);
  return links.create_veth(veth_of(connection, network, false), ns);
}

Result<> connect_link(Links& links, Links& inside, const Connection& connection,
                      const network::Network& network, bool publishes) {
  if (connection.port.empty()) return inside.furnish(connection.interface);
  return links.connect_veth(veth_of(connection, network, publishes), inside, connection.interface);
}

// "eth0", "eth1", ...: the first that no attachment has by name and no connection has yet.
std::string free_name(const std::string& prefix, const Record& record,
                      const Connections& connections) {
  for (int number = 0;; ++number) {
    std::string name = prefix + std::to_string(number);
    const bool wanted = has(record.attachments, name, &network::Attachment::interface);
    const bool taken = std::ranges::any_of(
        connections.networks, [&](const Connection& one) { return one.interface.name == name; });
    if (!wanted && !taken) return name;
  }
}

// Where those are published that name no address: as a network says, or else as this host's settings do.
Result<Address> default_binding(const std::vector<network::Network>& networks) {
  for (const network::Network& one : networks)
    if (one.link.host_binding) return *one.link.host_binding;
  TRY_SET(const network::HostSettings settings, network::read_host_settings());
  return settings.binding ? *settings.binding : Address::parse("127.0.0.1");
}

// Nobody asks for what nobody needs: settings that are wrong harm those alone who use them.
Result<std::vector<Address>> default_hosts(const Record& record, const Connections& connections,
                                           const std::vector<network::Network>& networks) {
  const auto& wanted = record.publications;
  if (std::ranges::all_of(wanted, [](const auto& one) { return one.host.has_value(); }))
    return std::vector<Address>();
  TRY_SET(const Address binding, default_binding(networks));
  return network::hosts_of(binding, connections.address_of(Family::kIpv4).has_value(),
                           connections.address_of(Family::kIpv6).has_value());
}

// What the kernel or the caller's rights cannot do is no reason to be without containers.
Result<> or_without(Result<> connected) {
  if (connected || (connected.error().code() != Code::kPermission &&
                    connected.error().code() != Code::kUnsupported))
    return connected;
  return fail(connected.error().code(),
              connected.error().to_string() + "; --network none does without");
}

Result<std::vector<network::PortRequest>> plan_ports(
    const Record& record, const Connections& connections,
    const std::vector<network::Network>& networks) {
  TRY_SET(const std::vector<Address> hosts, default_hosts(record, connections, networks));
  return network::plan_ports(record.publications, hosts);
}

bool has_family(const std::vector<network::PublishedPort>& ports, Family family) {
  return std::ranges::any_of(ports, [&](const auto& it) { return it.host.family() == family; });
}

Result<> check_host(const Connections& connections, const Address& host,
                    const network::PortRange& ports) {
  const std::string what =
      "-p: " + host.to_string() + (ports.is_any() ? "" : ":" + std::to_string(ports.first));
  if (!host.is_ipv4() && host.is_loopback())
    return fail(Code::kInvalidArgument,
                what +
                    " cannot be published: the kernel sends no packet from ::1 to a container; "
                    "use 127.0.0.1");
  if (!connections.address_of(host.family()))
    return fail(Code::kInvalidArgument, what +
                                            " cannot be published: no network of the container "
                                            "has addresses of that family");
  return {};
}

}  // namespace

std::optional<Firewall> Connecting::end() {
  if (!std::exchange(begun_, false)) return std::nullopt;
  names_.end();
  guard_.end();
  // The ports are held until nothing leads to them any more.
  auto firewall = take_away(places_, record_.id, connections_);
  held_ports_.clear();
  return firewall;
}

Result<> Connecting::prepare() {
  connections_ = {};
  networks_.clear();
  if (!is_wanted()) return {};
  disconnect(places_, record_.id);
  begun_ = true;
  for (const network::Attachment& attachment : record_.attachments)
    TRY(lease(attachment), "network " + attachment.network);
  assign_gateways(connections_, networks_);
  TRY(check_ports());
  TRY(hold());
  // Once: it reads a file, and init would do so while others wait for it.
  serves_names_ = wants_names(record_, connections_);
  return announce();
}

// From here on nobody takes a bridge or the packet filter away from it.
Result<> Connecting::announce() const {
  TRY_SET(const UniqueFd lock, lock_connections(places_));
  if (!connections_.published.empty())
    TRY(take_over_ports(places_, record_.id, connections_.published));
  return write_connections(places_, record_.id, connections_);
}

Result<> Connecting::take_addresses(const network::Attachment& attachment,
                                    const network::Network& network,
                                    network::Interface& interface) const {
  TRY_SET(const network::Leases leases, network::Leases::open(places_.run_dir.borrow(), network));
  const auto lives = [&](const std::string& id) { return holds_leases(places_, id); };
  for (const network::Subnet& subnet : network.subnets) {
    const Family family = subnet.prefix.family();
    const auto& wanted = family == Family::kIpv4 ? attachment.ipv4 : attachment.ipv6;
    std::optional<Address> address = wanted;
    if (address) {
      TRY(leases.take(*address, record_.id, lives));
    } else {
      TRY_SET(address, leases.take_any(family, record_.id, lives));
    }
    interface.addresses.push_back({.address = *address, .length = subnet.prefix.length()});
  }
  return {};
}

Result<> Connecting::lease(const network::Attachment& attachment) {
  TRY_SET(const network::Network network, find_network(places_, attachment.network));
  TRY(network::check_attachment(attachment, network));
  Connection connection{.network = network.name,
                        .network_id = network.id,
                        .bridge = {},
                        .port = {},
                        .interface = {},
                        .internal = network.internal};
  if (network.driver == network::Driver::kBridge) {
    connection.bridge = network.bridge();
    // Another one at each start: that of the last run goes when the kernel comes to it.
    connection.port = network::link_name(
        network::LinkKind::kPort, record_.id + network.id + std::to_string(sys::monotonic_ns()));
  }
  network::Interface& interface = connection.interface;
  interface.name = attachment.interface.empty()
                       ? free_name(network.link.container_prefix, record_, connections_)
                       : attachment.interface;
  const Result<> taken = take_addresses(attachment, network, interface);
  for (const auto& one : interface.addresses)
    if (one.address.is_ipv4()) interface.mac = network::Mac::of_ipv4(one.address);
  if (attachment.mac)
    interface.mac = *attachment.mac;
  else if (interface.mac == network::Mac())
    interface.mac = network::Mac::random();
  // Also after a failure: what was taken is given back by this.
  connections_.networks.push_back(std::move(connection));
  networks_.push_back(network);
  return taken;
}

Result<> Connecting::check_ports() const {
  if (record_.publications.empty()) return {};
  if (!connections_.has_bridge())
    return fail(
        Code::kInvalidArgument,
        "-p: ports are published for networks with a bridge; a macvlan is reached by its own "
        "address");
  TRY_SET(const std::vector<network::PortRequest> requests,
          plan_ports(record_, connections_, networks_));
  for (const network::PortRequest& request : requests)
    for (const Address& host : request.hosts)
      TRY(check_host(connections_, host, request.host_ports));
  return {};
}

// Those of a family that has an address now. They are held together, and let go together.
Result<> Connecting::hold() {
  TRY_SET(std::vector<network::PortRequest> requests, plan_ports(record_, connections_, networks_));
  const std::vector<network::PublishedPort> before = connections_.published;
  for (network::PortRequest& request : requests) {
    std::erase_if(request.hosts, [&](const Address& host) {
      return !connections_.address_of(host.family()) || has_family(before, host.family());
    });
    if (request.hosts.empty()) continue;
    TRY_SET(network::HeldPorts held, network::hold_ports({&request, 1}));
    for (std::size_t i = 0; i < held.ports.size(); ++i)
      held_ports_.emplace_back(held.ports[i].host.family(), std::move(held.sockets[i]));
    std::ranges::copy(held.ports, std::back_inserter(connections_.published));
  }
  return {};
}

// Those that lead nowhere.
std::vector<UniqueFd> Connecting::let_go_of_ports() {
  const auto is_lost = [&](Family family) { return !connections_.address_of(family); };
  std::erase_if(connections_.published,
                [&](const network::PublishedPort& one) { return is_lost(one.host.family()); });
  std::vector<UniqueFd> lost;
  for (auto& [family, socket] : held_ports_)
    if (is_lost(family)) lost.push_back(std::move(socket));
  std::erase_if(held_ports_, [&](const auto& one) { return is_lost(one.first); });
  return lost;
}

runtime::NetworkWork Connecting::work() {
  return {.inside = [this]() -> Result<std::vector<UniqueFd>> {
            std::vector<UniqueFd> made;
            TRY_SET(sys::NetlinkSocket links, sys::NetlinkSocket::open(NETLINK_ROUTE));
            made.push_back(std::move(links).take());
            TRY_SET(UniqueFd ns, sys::open_at(sys::kCwd, "/proc/self/ns/net", O_RDONLY));
            made.push_back(std::move(ns));
            if (!serves_names_) return made;
            TRY_SET(std::vector<UniqueFd> sockets, open_name_sockets());
            for (UniqueFd& socket : sockets) made.push_back(std::move(socket));
            return made;
          },
          .outside =
              [this](const runtime::Steps& steps, pid_t, std::vector<UniqueFd> made) {
                return or_without(connect(steps, std::move(made)));
              }};
}

Result<> Connecting::connect(const runtime::Steps& steps, std::vector<UniqueFd> made) {
  if (made.size() < 2) return fail(Code::kCorrupt, "init sent too little of its network");
  Links inside{sys::NetlinkSocket(std::move(made[0]))};
  const UniqueFd ns = std::move(made[1]);
  TRY_SET(Links links, Links::open());
  if (connections_.has_bridge()) guard_.begin();
  TRY_SET(Firewall firewall,
          steps.run(connect_steps::kFilter, [&] { return ensure_firewall(places_); }));
  TRY(make_links(0, links, firewall, ns.borrow(), steps));
  TRY(steps.run(connect_steps::kAdmit, [&] { return admit(places_, firewall, connections_); }));
  TRY(connect_links(0, links, inside, steps));
  if (made.size() > 3) names_.begin(std::move(made[2]), std::move(made[3]), connections_);
  return {};
}

Result<> Connecting::make_links(std::size_t first, Links& links, Firewall& firewall, BorrowedFd ns,
                                const runtime::Steps& steps) {
  for (std::size_t i = first; i < networks_.size(); ++i)
    TRY(steps.run(connect_steps::kMakeLink, networks_[i].name, [&]() -> Result<> {
      const Connection& one = connections_.networks[i];
      if (!one.bridge.empty()) TRY(ensure_bridge(places_, links, firewall, networks_[i]));
      return make_link(links, one, networks_[i], ns);
    }));
  return {};
}

Result<> Connecting::connect_links(std::size_t first, Links& links, Links& inside,
                                   const runtime::Steps& steps) {
  for (std::size_t i = first; i < networks_.size(); ++i)
    TRY(steps.run(connect_steps::kAddress, networks_[i].name, [&]() -> Result<> {
      TRY(connect_link(links, inside, connections_.networks[i], networks_[i],
                       !connections_.published.empty()));
      return add_names(record_.attachments[i], connections_.networks[i]);
    }));
  return {};
}

Result<> Connecting::add_names(const network::Attachment& attachment,
                               const Connection& connection) const {
  network::NamesEntry entry{
      .owner = record_.id, .names = names_in(record_, attachment), .addresses = {}};
  if (entry.names.empty()) return {};
  TRY_SET(const UniqueFd dir,
          network::open_network_run_dir(places_.run_dir.borrow(), connection.network_id));
  TRY_SET(const network::Names names, network::Names::open(dir.borrow()));
  for (const auto& address : connection.interface.addresses)
    entry.addresses.push_back(address.address);
  return names.add(entry);
}

}  // namespace planet::engine
