// The name service of one container: what listens at 127.0.0.11 in its network namespace, while this process is in the host's.
// It knows the names of the container's networks, and asks the host's servers for the rest.
//
// Source: RFC 1035, RFC 7766 (TCP); the order of things is docker's embedded server's.
#pragma once

#include <chrono>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "network/dns_forward.h"
#include "network/dns_zone.h"

namespace planet::network {

// Every network of the container is internal: names outside of it are refused, and no packet leaves (CVE-2024-29018).
enum class Outside : std::uint8_t { kForward, kRefuse };

struct ResolverPlan {
  UniqueFd datagrams;  // bound, UDP
  UniqueFd listener;   // bound and listening, TCP
  UniqueFd
      stop;  // readable or closed at its other end: the container has ended (a pidfd is that, too)
  std::vector<NamedNetwork> networks;  // the first counts first
  std::vector<Upstream> upstreams;     // the host's, the first asked first
  Outside outside = Outside::kForward;
  std::chrono::milliseconds idle{60'000};  // without a query for so long it ends
  // For an answer of the host's servers, all tries together: a little less than the 5 s after which clients give up.
  std::chrono::milliseconds patience{4'800};
  std::chrono::milliseconds client_limit{5'000};  // for a query by TCP: TcpClients
};

// Gives up what a resolver does not need: every right of the user (it becomes nobody, if it is root), other programs and files,
// every system call but those of serve(). Where the kernel has Landlock, it opens files in the directories of the networks'
// names alone, and connects by TCP to the ports of the upstream servers alone.
// The caller has closed all other descriptors. There is no way back: after an error the process must end.
Result<> confine_resolver(const ResolverPlan& plan);

// Returns when it was idle for long, or the container has ended. What waits at the sockets then stays there for the next one.
// Errors: those of the sockets; a query never is one.
Result<> serve(ResolverPlan plan);

}  // namespace planet::network
