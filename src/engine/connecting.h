// The way into networks: what a container gets of each network that it is in, when it starts.
//
//   1. before it is there: addresses are leased, ports of this host are held, and all of it is written down;
//   2. while its init makes its root: a pair of interfaces for each network, one end in the container and one on the network's
//      bridge, which is made when it is missing; the packet filter learns its addresses and ports; its names are added;
//   3. at its end all of that is taken away (engine/disconnect.h).
//
// Source: docker-run(1), --network, -p; veth(4), rtnetlink(7).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/connections.h"
#include "engine/name_service.h"
#include "engine/places.h"
#include "engine/record.h"
#include "network/port_holds.h"
#include "network/record.h"
#include "runtime/launch.h"

namespace planet::engine {

class Connecting {
 public:
  // Both outlive it. The container's lock is held.
  Connecting(const Places& places, const Record& record)
      : places_(places), record_(record), names_(places, record) {}
  Connecting(const Connecting&) = delete;
  Connecting& operator=(const Connecting&) = delete;
  Connecting(Connecting&&) = delete;
  Connecting& operator=(Connecting&&) = delete;
  ~Connecting();

  // Whether there is anything to do.
  bool is_wanted() const { return !record_.attachments.empty(); }

  // The first step. What an earlier run has left when its keeper was killed goes away now.
  // Errors: kNotFound - a network is gone; kAlreadyExists - an address or a port is taken; kInvalidArgument - what cannot be
  // given in these networks; kUnsupported - this kernel.
  Result<> prepare();
  // The second, for the launch.
  runtime::NetworkWork work();
  // The third. The container's processes have ended.
  void end();

  const Connections& connections() const { return connections_; }
  // For the loop of the keeper.
  Attendant& names() { return names_; }

 private:
  Result<> lease(const network::Attachment& attachment, const network::Network& network);
  Result<> take_addresses(const network::Attachment& attachment, const network::Network& network,
                          network::Interface& interface) const;
  Result<> hold();
  Result<> connect(std::vector<UniqueFd> made);
  Result<> add_names(const network::Attachment& attachment, const Connection& connection) const;

  const Places& places_;
  const Record& record_;
  std::vector<network::Network> networks_;  // in the order of the attachments, as the connections
  Connections connections_;
  std::vector<UniqueFd> held_ports_;
  NameService names_;
  sys::Child tidier_;  // of the last run
  bool begun_ = false;
};

}  // namespace planet::engine
