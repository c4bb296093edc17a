// The name service of one container, by its keeper. In the manner of inetd: the keeper holds the sockets at 127.0.0.11 in the
// container's network namespace, and only when a query waits there it starts a resolver (network/resolver.h), a process that is
// confined and ends when nobody has asked for long. Most containers never ask, and cost nothing.
//
// Source: inetd(8); docker's embedded DNS server, for its address and for who has it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/attendant.h"
#include "engine/connections.h"
#include "engine/record.h"
#include "network/resolver.h"
#include "sys/process.h"

namespace planet::engine {

// What the resolv.conf of its container names.
network::Address name_service_address();

// The service's sockets, that for datagrams and the one that listens, of the network namespace that this thread is in, where
// the loopback interface is up.
// Errors: kAlreadyExists - somebody has that port there; those of the calls.
enum class NameSocket : std::uint8_t { kDatagrams, kListener };
Result<UniqueFd> open_name_socket(NameSocket which);
Result<std::vector<UniqueFd>> open_name_sockets();  // both

// Whether a container is served: it is in a network that has names, as the default one has not; or the host's servers are at its
// loopback alone, where a container cannot ask them by itself.
bool wants_names(const Record& record, const Connections& connections);

class NameService : public Attendant {
 public:
  // Both outlive it.
  NameService(const Places& places, const Record& record) : places_(places), record_(record) {}

  // A run of the container begins. The sockets keep its network namespace alive, until end().
  void begin(UniqueFd datagrams, UniqueFd listener, const Connections& connections);
  bool has_begun() const { return listener_.valid(); }
  // It is in other networks from now on. A resolver that works is ended, since it sees the old ones alone: who asks at this
  // moment asks again.
  void change(const Connections& connections);
  void end();

  void watch(std::vector<pollfd>& set) const override;
  void serve(std::span<const pollfd> waited) override;
  int patience() const override;

 private:
  void start_resolver();
  void note_end();
  Result<> be_resolver(UniqueFd keeper);
  Result<network::ResolverPlan> plan_resolver(BorrowedFd run_dir, UniqueFd keeper);

  const Places& places_;
  const Record& record_;
  UniqueFd datagrams_, listener_;
  std::vector<Connection> networks_;
  sys::Child resolver_;
  std::int64_t started_ = 0, next_ = 0, pause_ = 0;  // CLOCK_MONOTONIC, ns; the last: a time
};

}  // namespace planet::engine
