// The kernel's netlink: a socket that carries many requests at once; and network interfaces, by rtnetlink: what one of
// them is called, what addresses it has, and into which network namespace it goes. Either speaks of the network namespace
// that it was opened in, whoever holds it.
//
// Source: netlink(7), rtnetlink(7), netdevice(7); RFC 3549; kernel Documentation/userspace-api/netlink/intro.rst.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sys/netlink_message.h"

namespace planet::sys {

class NetlinkSocket {
 public:
  // `protocol`: NETLINK_ROUTE, NETLINK_NETFILTER.
  static Result<NetlinkSocket> open(int protocol);
  explicit NetlinkSocket(UniqueFd socket) : socket_(std::move(socket)) {}
  BorrowedFd socket() const { return socket_.borrow(); }
  UniqueFd take() && { return std::move(socket_); }

  // Sends the requests with one call and takes the answers. `each` gets the content of the answers, in their order.
  // Also the end of a dump that others' changes have interrupted (NLM_F_DUMP_INTR): it may lack something.
  // All requests are tried, whatever becomes of those before them (nf_tables has transactions instead).
  // `doing` names it all in an error, which is that of the first request that failed, with the kernel's words.
  // Errors: that of the kernel; kCorrupt - an answer that is malformed or cut off; kSystem - no answer.
  using Each = std::function<void(const NetlinkAnswer&)>;
  Result<> exchange(NetlinkMessages& messages, const std::string& doing, const Each& each = {});

 private:
  Result<std::string_view> receive();
  UniqueFd socket_;
  std::unique_ptr<char[]> buffer_;
  std::uint32_t sequence_ = 0;  // of the last request
};

// As the kernel says it, so that it can be told the same again.
struct NetAddress {
  std::uint8_t family = 0, prefix = 0, scope = 0;
  std::uint32_t flags = 0;  // IFA_F_*
  struct Attribute {
    std::uint16_t type = 0;  // IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY
    std::string bytes;
  };
  std::vector<Attribute> attributes;
};

class NetLink {
 public:
  static Result<NetLink> open();
  explicit NetLink(NetlinkSocket socket) : socket_(std::move(socket)) {}
  BorrowedFd socket() const { return socket_.socket(); }

  // The interface's number.
  // Errors: kNotFound - there is none of this name.
  Result<int> find(const std::string& name) const;

  Result<bool> is_up(const std::string& name) const;
  Result<> raise(const std::string& name) const;

  Result<std::vector<NetAddress>> addresses(int interface);
  Result<> add_address(int interface, const NetAddress& address);

  // Moves it to another namespace, where it has the new name; its addresses are lost, and it is down.
  // Errors: that of the kernel, as kAlreadyExists: a name that is taken there.
  Result<> move(int interface, BorrowedFd net_ns, const std::string& name);

 private:
  NetlinkSocket socket_;
};

// Whether the interface is switched on, asked through any socket. Errors: as find_interface.
Result<bool> is_interface_up(BorrowedFd socket, const std::string& name);
// The interface's number, asked through any socket.
// Errors: kNotFound - there is none of this name; kInvalidArgument - the name has not 1 to 15 characters.
Result<int> find_interface(BorrowedFd socket, const std::string& name);

}  // namespace planet::sys
