// What the kernel tells by netlink without being asked: the notices of one multicast group. Speaks of the network namespace
// that it was opened in.
//
// Source: netlink(7); kernel Documentation/networking/filter.rst.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

class NetlinkNotices {
 public:
  // `protocol`: NETLINK_NETFILTER; `group`: NFNLGRP_*. Datagrams whose first message has one of the types `unwanted`, at most
  // 16 of them, are not even queued, and wake nobody.
  static Result<NetlinkNotices> open(int protocol, unsigned group,
                                     std::span<const std::uint16_t> unwanted);

  // Readable when there is something.
  BorrowedFd socket() const { return socket_.borrow(); }

  // Takes all that is there, unread. True if there was anything, or more than the queue could hold.
  bool drain();

 private:
  explicit NetlinkNotices(UniqueFd socket) : socket_(std::move(socket)) {}
  UniqueFd socket_;
};

}  // namespace planet::sys
