#include "runtime/net_devices.h"

#include <linux/if_addr.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/sched.h>

#include <cerrno>

#include "base/strings.h"
#include "sys/file.h"
#include "sys/inside.h"
#include "sys/netlink.h"

namespace planet::runtime {
namespace {

// One side of the move.
struct Side {
  UniqueFd ns;
  sys::NetLink link;
};

struct Device {
  std::string host_name, name;
  int interface = 0;
  bool up = false;
  std::vector<sys::NetAddress> addresses;
};

Result<UniqueFd> open_ns(const std::string& process) {
  return sys::open_at(sys::kCwd, ("/proc/" + process + "/ns/net").c_str(), O_RDONLY);
}

// A socket belongs to the namespace of who makes it.
Result<sys::NetLink> open_link_in(BorrowedFd ns) {
  TRY_SET(UniqueFd socket,
          sys::make_inside(ns, CLONE_NEWNET,
                           []() -> Result<UniqueFd> {
                             TRY_SET(sys::NetlinkSocket made,
                                     sys::NetlinkSocket::open(NETLINK_ROUTE));
                             return std::move(made).take();
                           }),
          "enter the container's network");
  return sys::NetLink(sys::NetlinkSocket(std::move(socket)));
}

bool is_kept(const sys::NetAddress& address) {
  return (address.flags & IFA_F_PERMANENT) != 0 && address.scope == RT_SCOPE_UNIVERSE;
}

std::string field(const std::string& host_name) {
  return "linux.netDevices[" + quote(host_name) + "]";
}

Result<Device> look_at(sys::NetLink& here, const std::string& name, const oci::NetDevice& wish) {
  Device device{.host_name = name,
                .name = wish.name.empty() ? name : wish.name,
                .interface = 0,
                .up = false,
                .addresses = {}};
  const auto found = here.find(name);
  if (!found && found.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, "this machine has no such network device");
  TRY_SET(device.interface, found);
  TRY_SET(device.up, here.is_up(name));
  TRY_SET(device.addresses, here.addresses(device.interface));
  std::erase_if(device.addresses, [](const sys::NetAddress& one) { return !is_kept(one); });
  return device;
}

Result<bool> is_there(const sys::NetLink& link, const std::string& name) {
  const auto found = link.find(name);
  if (found) return true;
  if (found.error().code() == Code::kNotFound) return false;
  return std::unexpected(found.error());
}

// "net%d": the first number that is free, as the kernel would count.
Result<std::string> free_name(const sys::NetLink& there, const std::string& pattern) {
  const std::size_t percent = pattern.find('%');
  if (percent == std::string::npos) {
    TRY_SET(const bool taken, is_there(there, pattern));
    if (taken)
      return fail(Code::kAlreadyExists,
                  "the container's network has a " + quote(pattern) + " already");
    return pattern;
  }
  for (int number = 0;; ++number) {
    std::string name = pattern.substr(0, percent) + std::to_string(number);
    TRY_SET(const bool taken, is_there(there, name));
    if (!taken) return name;
  }
}

Result<> furnish(sys::NetLink& link, const Device& device, const std::string& name, bool up) {
  TRY_SET(const int interface, link.find(name));
  for (const sys::NetAddress& address : device.addresses) TRY(link.add_address(interface, address));
  return up ? link.raise(name) : Result<>();
}

void give_back(const Device& device, Side& here, Side& there) {
  const auto interface = there.link.find(device.name);
  if (interface && there.link.move(*interface, here.ns.borrow(), device.host_name))
    (void)furnish(here.link, device, device.host_name, device.up);
}

}  // namespace

struct MovedNetDevices::Move {
  Side here, there;
  std::vector<Device> devices;
  std::size_t moved = 0;  // so many of them, from the first

  Move(Side from, Side to) : here(std::move(from)), there(std::move(to)) {}
  Move(const Move&) = delete;
  Move& operator=(const Move&) = delete;
  Move(Move&&) = delete;
  Move& operator=(Move&&) = delete;
  ~Move() {
    while (moved > 0) give_back(devices[--moved], here, there);
  }

  Result<> next() {
    Device& device = devices[moved];
    TRY_SET(device.name, free_name(there.link, device.name));
    Result<> gone = here.link.move(device.interface, there.ns.borrow(), device.name);
    if (!gone && gone.error().sys_errno() == EINVAL)
      return fail(Code::kUnsupported,
                  "the kernel does not let this kind of device go to another "
                  "network namespace");
    TRY(gone);
    ++moved;
    return furnish(there.link, device, device.name, true);
  }
};

MovedNetDevices::MovedNetDevices() = default;
MovedNetDevices::MovedNetDevices(MovedNetDevices&&) noexcept = default;
MovedNetDevices& MovedNetDevices::operator=(MovedNetDevices&&) noexcept = default;
MovedNetDevices::~MovedNetDevices() = default;

void MovedNetDevices::keep() {
  if (move_) move_->moved = 0;
  move_.reset();
}

Result<MovedNetDevices> MovedNetDevices::move(const std::map<std::string, oci::NetDevice>& devices,
                                              pid_t init) {
  // Of this thread: a caller may have several, each with its own.
  TRY_SET(UniqueFd here_ns, open_ns("thread-self"));
  TRY_SET(UniqueFd there_ns, open_ns(std::to_string(init)));
  TRY_SET(sys::NetLink here_link, sys::NetLink::open());
  TRY_SET(sys::NetLink there_link, open_link_in(there_ns.borrow()));
  MovedNetDevices moved;
  moved.move_ =
      std::make_unique<Move>(Side{.ns = std::move(here_ns), .link = std::move(here_link)},
                             Side{.ns = std::move(there_ns), .link = std::move(there_link)});
  Move& move = *moved.move_;
  for (const auto& [name, wish] : devices) {
    TRY_SET(Device device, look_at(move.here.link, name, wish), field(name));
    move.devices.push_back(std::move(device));
  }
  for (const Device& device : move.devices) TRY(move.next(), field(device.host_name));
  return moved;
}

}  // namespace planet::runtime
