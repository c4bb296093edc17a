// A container that runs comes into one more network, or goes out of one.
#include <fcntl.h>
#include <linux/netlink.h>
#include <sched.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <utility>

#include "engine/connecting.h"
#include "engine/disconnect.h"
#include "engine/host_files.h"
#include "sys/inside.h"
#include "sys/netlink.h"

namespace planet::engine {
namespace {

using network::Links;

// By a process of its own: the keeper never is in a container's network.
Result<Links> open_inside(BorrowedFd ns) {
  TRY_SET(UniqueFd socket, sys::make_inside(ns, CLONE_NEWNET, []() -> Result<UniqueFd> {
            TRY_SET(sys::NetlinkSocket made, sys::NetlinkSocket::open(NETLINK_ROUTE));
            return std::move(made).take();
          }));
  return Links(sys::NetlinkSocket(std::move(socket)));
}

// A pair goes with its end on this host, whose name no container can change.
void remove_link(const Connection& connection, BorrowedFd ns) {
  auto links = connection.port.empty() ? open_inside(ns) : Links::open();
  if (links)
    (void)links->remove(connection.port.empty() ? connection.interface.name : connection.port);
}

// Of the default routes those that another network has now. A container that has changed its routes or addresses itself may have
// no place for them, and keeps what it has made.
void move_routes(const Connections& before, const Connections& after, BorrowedFd ns) {
  std::optional<Links> inside;
  for (const Connection& now : after.networks) {
    const auto same = std::ranges::find(before.networks, now.network, &Connection::network);
    if (same->interface.gateways == now.interface.gateways) continue;
    if (!inside) {
      auto opened = open_inside(ns);
      if (!opened) return;
      inside = *std::move(opened);
    }
    (void)inside->route(now.interface);
  }
}

}  // namespace

Result<> Connecting::join(BorrowedFd ns) {
  begun_ = true;
  const std::size_t before = connections_.networks.size();
  bool has_link = false;
  Result<> joined = join_last(ns, has_link);
  if (!joined && connections_.networks.size() > before) (void)part(before, ns, has_link);
  return joined;
}

Result<> Connecting::join_last(BorrowedFd ns, bool& has_link) {
  const std::size_t last = connections_.networks.size();
  const network::Attachment& attachment = record_.attachments.back();
  TRY(lease(attachment), "network " + attachment.network);
  assign_gateways(connections_, networks_);
  TRY(hold());
  TRY(announce());
  const runtime::Steps silent(nullptr, runtime::Side::kParent);
  TRY_SET(Links inside, open_inside(ns));
  TRY_SET(Links links, Links::open());
  if (connections_.has_bridge()) guard_.begin();
  TRY_SET(network::Firewall firewall, ensure_firewall(places_));
  const Result<> made = make_links(last, links, firewall, ns, silent);
  if (!made && made.error().code() == Code::kAlreadyExists)
    return fail(Code::kAlreadyExists, "the container has an interface " +
                                          connections_.networks[last].interface.name +
                                          " already; choose another name with --driver-opt "
                                          "com.docker.network.endpoint.ifname=NAME");
  TRY(made);
  has_link = true;
  TRY(admit(places_, firewall, connections_));
  TRY(connect_links(last, links, inside, silent));
  TRY(add_to_hosts(places_, record_, connections_.networks[last]));
  return serve_names(ns);
}

// From the first network with names on. They are found at once by who is served already.
Result<> Connecting::serve_names(BorrowedFd ns) {
  if (names_.has_begun()) {
    names_.change(connections_);
    return {};
  }
  if (!wants_names(record_, connections_)) return {};
  UniqueFd sockets[2];
  for (const NameSocket which : {NameSocket::kDatagrams, NameSocket::kListener}) {
    TRY_SET(sockets[static_cast<std::size_t>(which)],
            sys::make_inside(ns, CLONE_NEWNET, [which] { return open_name_socket(which); }),
            "serve names in the container, where another program may be at port 53; connect it "
            "while it is stopped");
  }
  TRY(write_resolv_conf(places_, record_, connections_));
  names_.begin(std::move(sockets[0]), std::move(sockets[1]), connections_);
  return {};
}

Result<> Connecting::leave(std::size_t attachment, BorrowedFd ns) {
  return part(attachment, ns, true);
}

// What else was not made need not be there.
Result<> Connecting::part(std::size_t attachment, BorrowedFd ns, bool has_link) {
  const Connections before = connections_;
  const Connection& gone = before.networks[attachment];
  const auto at = static_cast<std::ptrdiff_t>(attachment);
  connections_.networks.erase(connections_.networks.begin() + at);
  networks_.erase(networks_.begin() + at);
  assign_gateways(connections_, networks_);
  // Held until the packet filter knows nothing of them.
  const std::vector<UniqueFd> lost = let_go_of_ports();
  if (has_link) remove_link(gone, ns);
  move_routes(before, connections_, ns);
  take_away_one(places_, record_.id, gone, before, connections_);
  if (names_.has_begun()) names_.change(connections_);
  drop_from_hosts(places_, record_, gone);
  return write_connections(places_, record_.id, connections_);
}

}  // namespace planet::engine
