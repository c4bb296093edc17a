#include "sys/netlink.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
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

constexpr std::size_t kAlignment = 4;  // NLMSG_ALIGNTO, RTA_ALIGNTO

std::size_t aligned(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes(sizeof value, '\0');
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// A T at the beginning of `bytes`, or nothing if they are too few.
template <class T>
bool take(std::string_view bytes, T& value) {
  if (bytes.size() < sizeof value) return false;
  std::memcpy(&value, bytes.data(), sizeof value);
  return true;
}

void append(std::string& message, std::uint16_t type, std::string_view value) {
  message.resize(aligned(message.size()));
  message += bytes_of(rtattr{.rta_len = static_cast<unsigned short>(sizeof(rtattr) + value.size()),
                             .rta_type = type});
  message += value;
}

template <class Body>
std::string request(std::uint16_t type, std::uint16_t flags, const Body& body) {
  nlmsghdr header{};
  header.nlmsg_type = type;
  header.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  return bytes_of(header) + bytes_of(body);
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
  rtattr part{};
  while (take(attributes, part) && part.rta_len >= sizeof part &&
         part.rta_len <= attributes.size()) {
    const std::string_view value = attributes.substr(sizeof part, part.rta_len - sizeof part);
    if (part.rta_type == IFA_FLAGS) (void)take(value, address.flags);
    if (is_kept(part.rta_type))
      address.attributes.push_back({.type = part.rta_type, .bytes = std::string(value)});
    attributes.remove_prefix(std::min(aligned(part.rta_len), attributes.size()));
  }
  return address;
}

// One datagram of an answer: hands over its messages; true at the answer's end.
template <class F>
Result<bool> take_messages(std::string_view rest, std::uint32_t sequence, const char* what,
                           const F& each) {
  nlmsghdr got{};
  while (take(rest, got) && got.nlmsg_len >= sizeof got && got.nlmsg_len <= rest.size()) {
    const std::string_view body = rest.substr(sizeof got, got.nlmsg_len - sizeof got);
    rest.remove_prefix(std::min(aligned(got.nlmsg_len), rest.size()));
    if (got.nlmsg_seq != sequence) continue;
    if (got.nlmsg_type == NLMSG_DONE) return true;
    if (got.nlmsg_type == NLMSG_ERROR) {
      nlmsgerr error{};
      if (take(body, error) && error.error == 0) return true;
      return std::unexpected(Error::from_errno(-error.error, what));
    }
    each(got, body);
  }
  return false;
}

}  // namespace

Result<NetLink> NetLink::open() {
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
  if (!socket.valid()) return failed("socket AF_NETLINK");
  return NetLink(std::move(socket));
}

Result<int> NetLink::find(const std::string& name) const {
  TRY_SET(ifreq request, request_for(name));
  if (::ioctl(socket().get(), SIOCGIFINDEX, &request) == 0) return request.ifr_ifindex;
  if (errno == ENODEV) return fail(Code::kNotFound, "no network device " + name);
  return failed("ioctl SIOCGIFINDEX " + name);
}

Result<bool> NetLink::is_up(const std::string& name) const {
  TRY_SET(const short flags, flags_of(socket(), name));
  return (flags & IFF_UP) != 0;
}

Result<> NetLink::raise(const std::string& name) const {
  TRY_SET(const short flags, flags_of(socket(), name));
  TRY_SET(ifreq request, request_for(name));
  request.ifr_flags = static_cast<short>(flags | IFF_UP);
  if (::ioctl(socket().get(), SIOCSIFFLAGS, &request) < 0)
    return failed("ioctl SIOCSIFFLAGS " + name);
  return {};
}

// From the kernel alone: in a container's namespace others may write to the socket, too.
Result<> NetLink::receive(std::string& buffer) const {
  constexpr std::size_t kMostAnswer = 1U << 16;
  buffer.resize(kMostAnswer);
  sockaddr_nl from{};
  iovec data{.iov_base = buffer.data(), .iov_len = buffer.size()};
  msghdr header{};
  header.msg_name = &from;
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  for (;;) {
    header.msg_namelen = sizeof from;
    const ssize_t size = ::recvmsg(socket().get(), &header, 0);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) return failed("recvmsg netlink");
    if (from.nl_pid != 0) continue;
    if ((header.msg_flags & MSG_TRUNC) != 0)
      return fail(Code::kCorrupt, "the kernel's answer about network devices was cut off");
    buffer.resize(static_cast<std::size_t>(size));
    return {};
  }
}

Result<> NetLink::send(std::string& message, const char* what) {
  nlmsghdr header{};
  (void)take(message, header);
  header.nlmsg_len = static_cast<std::uint32_t>(message.size());
  header.nlmsg_seq = ++sequence_;
  std::memcpy(message.data(), &header, sizeof header);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  iovec data{.iov_base = message.data(), .iov_len = message.size()};
  msghdr to{};
  to.msg_name = &kernel;
  to.msg_namelen = sizeof kernel;
  to.msg_iov = &data;
  to.msg_iovlen = 1;
  if (::sendmsg(socket().get(), &to, 0) < 0) return failed(what);
  return {};
}

template <class F>
Result<> NetLink::ask(std::string message, const char* what, const F& each) {
  TRY(send(message, what));
  for (std::string buffer;;) {
    TRY(receive(buffer));
    TRY_SET(const bool done, take_messages(buffer, sequence_, what, each));
    if (done) return {};
  }
}

Result<std::vector<NetAddress>> NetLink::addresses(int interface) {
  std::vector<NetAddress> found;
  const auto each = [&](const nlmsghdr& header, std::string_view body) {
    ifaddrmsg address{};
    if (header.nlmsg_type != RTM_NEWADDR || !take(body, address)) return;
    if (address.ifa_index != static_cast<unsigned>(interface)) return;
    found.push_back(parse_address(address, body.substr(sizeof address)));
  };
  TRY(ask(request(RTM_GETADDR, NLM_F_DUMP, ifaddrmsg{}), "netlink RTM_GETADDR", each));
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
  std::string message = request(RTM_NEWADDR, NLM_F_ACK | NLM_F_CREATE | NLM_F_EXCL, header);
  for (const NetAddress::Attribute& attribute : address.attributes)
    append(message, attribute.type, attribute.bytes);
  append(message, IFA_FLAGS, bytes_of(address.flags & kOwn));
  return ask(std::move(message), "netlink RTM_NEWADDR", [](const nlmsghdr&, std::string_view) {});
}

Result<> NetLink::move(int interface, BorrowedFd net_ns, const std::string& name) {
  ifinfomsg header{};
  header.ifi_index = interface;
  std::string message = request(RTM_NEWLINK, NLM_F_ACK, header);
  append(message, IFLA_NET_NS_FD, bytes_of(static_cast<std::uint32_t>(net_ns.get())));
  append(message, IFLA_IFNAME, std::string_view(name.c_str(), name.size() + 1));
  return ask(std::move(message), "netlink RTM_NEWLINK", [](const nlmsghdr&, std::string_view) {});
}

}  // namespace planet::sys
