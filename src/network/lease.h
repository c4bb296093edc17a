// Leases: which container has which address of a network, while it runs.
//
//   runroot/networks/<id>/leases/<address> -> <owner>     made by symlinkat(2), which exactly one process can
//   runroot/networks/<id>/leases/cursor4, cursor6         the address that was given last
//
// Addresses are given in turn: the next one is looked for behind the last one, so that an address rests while what had it
// is still taken down and neighbours still know it. The cursor is where to begin, and no promise; the link is.
//
// An owner that was killed leaves its leases. Nobody else takes one of them until it is needed: an address that is asked
// for by name, or any when none is free. A link is only taken away under the lock of the directory, by whoever has looked
// there whose it is: else one that is new would be taken for one that was left. Making one needs no lock.
//
// Source: symlink(2), flock(2).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "network/address.h"
#include "network/record.h"

namespace planet::network {

// Whether a container lives: it must, from before it leases until it has released.
using Lives = std::function<bool(const std::string& owner)>;

struct Lease {
  Address address;
  std::string owner;
  bool operator==(const Lease&) const = default;
};

class Leases {
 public:
  // Makes what is missing. `run_dir` is the run directory.
  static Result<Leases> open(BorrowedFd run_dir, const Network& network);

  // Any address of the subnet of that family that is free.
  // Errors: kInvalidArgument - the network has no such subnet; kSystem - all are taken.
  Result<Address> take_any(Family family, const std::string& owner, const Lives& lives) const;

  // This address, which the network can give (network/attachment.h). One that the owner has is taken.
  // Errors: kAlreadyExists - it is another's, who is named.
  Result<> take(const Address& address, const std::string& owner, const Lives& lives) const;

  // What is not the owner's stays.
  void release(const Address& address, const std::string& owner) const;
  // All that it has: looks at every lease.
  void release_all(const std::string& owner) const;

  // Takes back what owners have left that do not live; how many.
  Result<std::size_t> sweep(const Lives& lives) const;

  // In the order of addresses.
  Result<std::vector<Lease>> list() const;

 private:
  Leases(const Network& network, UniqueFd dir) : network_(&network), dir_(std::move(dir)) {}

  Result<bool> make(const Address& address, const std::string& owner) const;
  Result<std::optional<Address>> take_next(const Subnet& subnet, const std::string& owner) const;
  Result<UniqueFd> lock() const;
  Result<std::size_t> take_away(const std::function<bool(const std::string&)>& gone) const;

  const Network* network_;  // which outlives this
  UniqueFd dir_;
};

// A network's part of the run directory, networks/<id>, which its names share with the leases; made when it is missing.
Result<UniqueFd> open_network_run_dir(BorrowedFd run_dir, const std::string& network_id);

// What a network's containers had of the run directory: for whoever removes the network.
Result<> remove_leases(BorrowedFd run_dir, const std::string& network_id);

}  // namespace planet::network
