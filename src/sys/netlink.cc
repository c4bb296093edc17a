#include "sys/netlink.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace planet::sys {
namespace {

std::unexpected<Error> failed(const std::string& what) {
  return std::unexpected(Error::from_errno(errno, what));
}

Result<ifreq> request_for(const std::string& name) {
  ifreq request{};
  if (name.empty() || name.size() >= sizeof request.ifr_name)
    return fail(Code::kInvalidArgument, "the name of a network device has 1 to 15 characters");
  std::memcpy(request.ifr_name, name.data(), name.size());
  return request;
}

Result<short> flags_of(BorrowedFd socket, const std::string& name) {
  TRY_SET(ifreq request, request_for(name));
  if (::ioctl(socket.get(), SIOCGIFFLAGS, &request) < 0)
    return failed("ioctl SIOCGIFFLAGS " + name);
  return request.ifr_flags;
}

// What an address is made of; its label and its cache information belong to where it was.
bool is_kept(std::uint16_t type) {
  constexpr std::uint16_t kKept[] = {IFA_ADDRESS, IFA_LOCAL, IFA_BROADCAST, IFA_RT_PRIORITY};
  return std::ranges::find(kKept, type) != std::end(kKept);
}

NetAddress parse_address(const ifaddrmsg& header, std::string_view attributes) {
  NetAddress address{.family = header.ifa_family,
                     .prefix = header.ifa_prefixlen,
                     .scope = header.ifa_scope,
                     .flags = header.ifa_flags,
                     .attributes = {}};
  while (const auto part = next_attribute(attributes)) {
    if (part->type == IFA_FLAGS) address.flags = part->u32().value_or(address.flags);
    if (is_kept(part->type))
      address.attributes.push_back({.type = part->type, .bytes = std::string(part->bytes)});
  }
  return address;
}

// The answers of one exchange, as they come.
class Answers {
 public:
  Answers(const NetlinkMessages& messages, std::uint32_t first, const NetlinkSocket::Each& each)
      : messages_(messages), first_(first), each_(each) {}

  // One datagram of them.
  Result<> take(std::string_view datagram, const std::string& doing) {
    while (const auto answer = next_answer(datagram)) {
      // Unsigned: what answers an older exchange is far behind the end.
      const std::uint32_t request = answer->header.nlmsg_seq - first_;
      if (request >= messages_.count()) continue;
      const auto verdict = verdict_of(*answer);
      const bool interrupted = (answer->header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      if (each_ && (!verdict || interrupted)) each_(*answer);
      if (verdict) take_verdict(request, *verdict, doing);
    }
    if (datagram.empty()) return {};
    return fail(Code::kCorrupt, doing + ": the kernel's answer is malformed");
  }

  bool complete() const { return complete_; }
  const std::optional<Error>& error() const { return error_; }

 private:
  void take_verdict(std::uint32_t request, const NetlinkVerdict& verdict,
                    const std::string& doing) {
    if (verdict.error != 0 && !error_ && !messages_.tolerates(request, verdict.error))
      error_ = Error::from_errno(verdict.error,
                                 verdict.text.empty() ? doing : doing + ": " + verdict.text);
    complete_ = complete_ || request == messages_.awaited();
  }

  const NetlinkMessages& messages_;
  std::uint32_t first_;
  const NetlinkSocket::Each& each_;
  std::optional<Error> error_;
  bool complete_ = false;
};

}  // namespace

Result<NetlinkSocket> NetlinkSocket::open(int protocol) {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
  if (!socket.valid()) return failed("socket AF_NETLINK");
  // The kernel's own words with an errno, and not our whole request. A kernel that knows neither answers without.
  constexpr int kOn = 1;
  (void)::setsockopt(socket.borrow().get(), SOL_NETLINK, NETLINK_EXT_ACK, &kOn, sizeof kOn);
  (void)::setsockopt(socket.borrow().get(), SOL_NETLINK, NETLINK_CAP_ACK, &kOn, sizeof kOn);
  return NetlinkSocket(std::move(socket));
}

// From the kernel alone: in a container's namespace others may write to the socket, too. What the kernel has to say to a
// request is there as soon as the call that sent it returns, and the next part of a dump when one has been taken: to wait
// would be to wait for nothing.
Result<std::string_view> NetlinkSocket::receive() {
  constexpr std::size_t kMostAnswer = 1U << 16;
  if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(kMostAnswer);
  sockaddr_nl from{};
  iovec data{.iov_base = buffer_.get(), .iov_len = kMostAnswer};
  msghdr header{};
  header.msg_name = &from;
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  for (;;) {
    header.msg_namelen = sizeof from;
    const ssize_t size = ::recvmsg(socket().get(), &header, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("recvmsg netlink");
    if (from.nl_pid != 0) continue;
    if ((header.msg_flags & MSG_TRUNC) != 0)
      return fail(Code::kCorrupt, "the kernel's answer about the network was cut off");
    return std::string_view(buffer_.get(), static_cast<std::size_t>(size));
  }
}

Result<> NetlinkSocket::exchange(NetlinkMessages& messages, const std::string& doing,
                                 const Each& each) {
  const std::uint32_t first = sequence_ + 1;
  const auto bytes = messages.seal(first);
  if (!bytes) return fail(Code::kInvalidArgument, doing + ": too much for one request");
  sequence_ += messages.count();
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const ssize_t sent = ::sendto(socket().get(), bytes->data(), bytes->size(), 0,
                                reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  if (sent < 0) return failed(doing);
  Answers answers(messages, first, each);
  while (!answers.complete()) {
    const auto datagram = receive();
    // A transaction that fails as a whole has no answer to its parts.
    if (!datagram && answers.error()) break;
    TRY(datagram, doing);
    TRY(answers.take(*datagram, doing));
  }
  if (answers.error()) return std::unexpected(*answers.error());
  return {};
}

Result<int> find_interface(BorrowedFd socket, const std::string& name) {
  TRY_SET(ifreq request, request_for(name));
  if (::ioctl(socket.get(), SIOCGIFINDEX, &request) == 0) return request.ifr_ifindex;
  if (errno == ENODEV) return fail(Code::kNotFound, "no network device " + name);
  return failed("ioctl SIOCGIFINDEX " + name);
}

Result<NetLink> NetLink::open() {
  TRY_SET(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
  return NetLink(std::move(socket));
}

Result<int> NetLink::find(const std::string& name) const {
  return find_interface(socket(), name);
}

Result<bool> is_interface_up(BorrowedFd socket, const std::string& name) {
  TRY_SET(const short flags, flags_of(socket, name));
  return (flags & IFF_UP) != 0;
}

Result<bool> NetLink::is_up(const std::string& name) const {
  return is_interface_up(socket(), name);
}

Result<> NetLink::raise(const std::string& name) const {
  TRY_SET(const short flags, flags_of(socket(), name));
  TRY_SET(ifreq request, request_for(name));
  request.ifr_flags = static_cast<short>(flags | IFF_UP);
  if (::ioctl(socket().get(), SIOCSIFFLAGS, &request) < 0)
    return failed("ioctl SIOCSIFFLAGS " + name);
  return {};
}

Result<std::vector<NetAddress>> NetLink::addresses(int interface) {
  std::vector<NetAddress> found;
  NetlinkMessages messages;
  messages.begin(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{});
  TRY(socket_.exchange(messages, "netlink RTM_GETADDR", [&](const NetlinkAnswer& answer) {
    const auto address = leading<ifaddrmsg>(answer.body);
    if (answer.header.nlmsg_type != RTM_NEWADDR || !address) return;
    if (address->ifa_index != static_cast<unsigned>(interface)) return;
    found.push_back(parse_address(*address, answer.body.substr(sizeof *address)));
  }));
  return found;
}

Result<> NetLink::add_address(int interface, const NetAddress& address) {
  // Those that are the user's to set; the others tell what the kernel has made of them.
  constexpr std::uint32_t kOwn = IFA_F_NODAD | IFA_F_HOMEADDRESS | IFA_F_MANAGETEMPADDR |
                                 IFA_F_NOPREFIXROUTE | IFA_F_MCAUTOJOIN;
  ifaddrmsg header{};
  header.ifa_family = address.family;
  header.ifa_prefixlen = address.prefix;
  header.ifa_scope = address.scope;
  header.ifa_index = static_cast<unsigned>(interface);
  NetlinkMessages messages;
  messages.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
  for (const NetAddress::Attribute& attribute : address.attributes)
    messages.put(attribute.type, attribute.bytes);
  messages.put_u32(IFA_FLAGS, address.flags & kOwn);
  return socket_.exchange(messages, "netlink RTM_NEWADDR");
}

Result<> NetLink::move(int interface, BorrowedFd net_ns, const std::string& name) {
  ifinfomsg header{};
  header.ifi_index = interface;
  NetlinkMessages messages;
  messages.begin(RTM_NEWLINK, 0, header);
  messages.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(net_ns.get()));
  messages.put_text(IFLA_IFNAME, name);
  return socket_.exchange(messages, "netlink RTM_NEWLINK");
}

}  // namespace planet::sys
