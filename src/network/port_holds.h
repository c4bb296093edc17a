// Ports of this host that are held for a container while it runs, so that no program and no other container takes them: a
// socket is bound to each, which neither listens nor reads. Packets come to it only when the packet filter is gone.
//
// Source: ip(7), tcp(7); docker-run(1), -p.
#pragma once

#include <span>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "network/ports.h"

namespace planet::network {

struct HeldPorts {
  std::vector<PublishedPort> ports;
  std::vector<UniqueFd>
      sockets;  // of each; none where the kernel has no such protocol. Held as long as they are open
};

// In the network namespace that the caller is in. Where any port of a range will do it is the first that is free, and where any
// at all will do, one that the kernel picks; on all of a request's addresses the same one.
// Errors: kAlreadyExists - one is taken, which is named; kInvalidArgument - this host has no such address; kPermission.
Result<HeldPorts> hold_ports(std::span<const PortRequest> requests);

}  // namespace planet::network
