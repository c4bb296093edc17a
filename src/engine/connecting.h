// The way into networks: what a container gets of each network that it is in, when it starts.
//
//   1. before it is there: addresses are leased, ports of this host are held, and all of it is written down;
//   2. while its init makes its root: a pair of interfaces for each network, one end in the container and one on the network's
//      bridge, which is made when it is missing; the packet filter learns its addresses and ports; its names are added;
//   3. at its end all of that is taken away (engine/disconnect.h).
//
// While it runs it may come into one more network, and go out of one: the same steps, of that network alone (joining.cc).
//
// Source: docker-run(1), --network, -p; docker-network-connect(1); veth(4), rtnetlink(7).
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "engine/connections.h"
#include "engine/firewall_guard.h"
#include "engine/name_service.h"
#include "engine/places.h"
#include "engine/record.h"
#include "network/firewall.h"
#include "network/links.h"
#include "network/port_holds.h"
#include "network/record.h"
#include "runtime/launch.h"

namespace planet::engine {

class Connecting {
 public:
  // Both outlive it. The container's lock is held. The record's attachments change between runs, and as join() and leave() say.
  Connecting(const Places& places, const Record& record)
      : places_(places), record_(record), names_(places, record), guard_(places) {}
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;
  Connecting(Connecting&&) = delete;
  Connecting& operator=(Connecting&&) = delete;
  ~Connecting() { (void)end(); }

  // Whether there is anything to do.
  bool is_wanted() const { return !record_.attachments.empty(); }

  // The first step. What an earlier run has left when its keeper was killed goes away now.
  // Errors: kNotFound - a network is gone; kAlreadyExists - an address or a port is taken; kInvalidArgument - what cannot be
  // given in these networks; kUnsupported - this kernel.
  Result<> prepare();
  // The second, for the launch.
  runtime::NetworkWork work();
  // The third. The container's processes have ended. Returns what take_away() does.
  std::optional<network::Firewall> end();

  // The container, whose network namespace is `ns`, comes into the network of its record's last attachment, which is new. Its
  // files of names follow. After an error nothing is changed.
  // Errors: those of prepare(); kAlreadyExists - an interface has that name inside, or somebody listens at the name service's
  // port there.
  Result<> join(BorrowedFd ns);
  // It goes out of the network of this attachment, which is erased from the record afterwards. Of its default routes and
  // published ports those stay that another network has a way for.
  // Errors: those of writing down what is left; it is out of the network then, too.
  Result<> leave(std::size_t attachment, BorrowedFd ns);

  // As they are, and at the end as they were: until prepare().
  const std::vector<network::Network>& networks() const { return networks_; }
  const Connections& connections() const { return connections_; }
  // For the loop of the keeper.
  Attendant& names() { return names_; }
  Attendant& guard() { return guard_; }

 private:
  Result<> lease(const network::Attachment& attachment);
  Result<> take_addresses(const network::Attachment& attachment, const network::Network& network,
                          network::Interface& interface) const;
  Result<> check_ports() const;
  Result<> hold();
  // The sockets of those that no address is left for.
  std::vector<UniqueFd> let_go_of_ports();
  Result<> announce() const;
  Result<> connect(const runtime::Steps& steps, std::vector<UniqueFd> made);
  // From the connection with this number on.
  Result<> make_links(std::size_t first, network::Links& links, network::Firewall& firewall,
                      BorrowedFd ns, const runtime::Steps& steps);
  Result<> connect_links(std::size_t first, network::Links& links, network::Links& inside,
                         const runtime::Steps& steps);
  Result<> add_names(const network::Attachment& attachment, const Connection& connection) const;
  Result<> join_last(BorrowedFd ns, bool& has_link);
  Result<> part(std::size_t attachment, BorrowedFd ns, bool has_link);
  Result<> serve_names(BorrowedFd ns);

  const Places& places_;
  const Record& record_;
  std::vector<network::Network> networks_;  // in the order of the attachments, as the connections
  Connections connections_;
  std::vector<std::pair<network::Family, UniqueFd>> held_ports_;  // those of connections_.published
  bool serves_names_ = false;                                     // from the start on
  NameService names_;
  FirewallGuard guard_;
  bool begun_ = false;
};

}  // namespace planet::engine
