// Network interfaces, by rtnetlink: what one of them is called, what addresses it has, and into which network namespace
// it goes. A NetLink speaks of the namespace that it was opened in, whoever holds it.
//
// Source: netlink(7), rtnetlink(7), netdevice(7); RFC 3549.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

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
  explicit NetLink(UniqueFd socket) : socket_(std::move(socket)) {}
  BorrowedFd socket() const { return socket_.borrow(); }
  UniqueFd take_socket() && { return std::move(socket_); }

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
  // Sends a request and hands over each message of the answer, until its end.
  template <class F>
  Result<> ask(std::string message, const char* what, const F& each);
  Result<> send(std::string& message, const char* what);
  Result<> receive(std::string& buffer) const;
  UniqueFd socket_;
  std::uint32_t sequence_ = 0;
};

}  // namespace planet::sys
