// The networks that are written down:
//
//   root/networks/<name>       one network (network/record.h), made whole and by one process only
//   root/networks/.site        a link whose text is the IPv6 prefix of this store (network/subnets.h)
//   root/networks/.<random>    being written
//
// Who changes the set of networks holds the lock of the directory; who reads one needs none.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "network/record.h"

namespace planet::network {

inline constexpr const char* kSiteLink = ".site";

// The directory, made when it is missing.
Result<UniqueFd> open_networks(BorrowedFd root);
// The same, with its lock for as long as the descriptor is open.
Result<UniqueFd> lock_networks(BorrowedFd root);

// By its whole name. Errors: kNotFound; kCorrupt, with the remedy.
Result<Network> read_network(BorrowedFd networks, std::string_view name);

// All that are written down, by name. Errors: kCorrupt.
Result<std::vector<Network>> read_networks(BorrowedFd networks);

// One of `networks` by name, or by id or the beginning of it that only one has.
// Errors: kNotFound; kInvalidArgument - several begin so.
Result<Network> find_network(const std::vector<Network>& networks, std::string_view text);

// The lock is held. Errors: kAlreadyExists.
Result<> add_network(BorrowedFd networks, const Network& network);

// The lock is held. Also of one that cannot be read.
// Errors: kNotFound.
Result<> drop_network(BorrowedFd networks, std::string_view name);

}  // namespace planet::network
