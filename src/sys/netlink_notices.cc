#include "sys/netlink_notices.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstddef>
#include <vector>

namespace planet::sys {
namespace {

std::unexpected<Error> failed(const char* what) {
  return std::unexpected(Error::from_errno(errno, what));
}

// BPF_ABS loads in network byte order what the header has in that of the host.
std::vector<sock_filter> filter_out(std::span<const std::uint16_t> types) {
  constexpr std::uint32_t kAll = 0xffffffff;
  std::vector<sock_filter> program;
  program.push_back(BPF_STMT(BPF_LD | BPF_H | BPF_ABS, offsetof(nlmsghdr, nlmsg_type)));
  for (std::size_t i = 0; i < types.size(); ++i) {
    const auto to_the_end = static_cast<std::uint8_t>(types.size() - i);
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htons(types[i]), to_the_end, 0));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, kAll));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, 0));
  return program;
}

}  // namespace

Result<NetlinkNotices> NetlinkNotices::open(int protocol, unsigned group,
                                            std::span<const std::uint16_t> unwanted) {
  constexpr std::size_t kMostTypes = 16;
  if (unwanted.size() > kMostTypes)
    return fail(Code::kInvalidArgument, "too many kinds of notices to leave out");
  UniqueFd socket(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, protocol));
  if (!socket.valid()) return failed("socket AF_NETLINK");
  const int fd = socket.borrow().get();
  std::vector<sock_filter> program = filter_out(unwanted);
  const sock_fprog filter{.len = static_cast<unsigned short>(program.size()),
                          .filter = program.data()};
  if (::setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof filter) < 0)
    return failed("setsockopt SO_ATTACH_FILTER");
  // Who has no address of its own is left out of what the kernel tells.
  sockaddr_nl any{};
  any.nl_family = AF_NETLINK;
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof any) < 0)
    return failed("bind AF_NETLINK");
  if (::setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof group) < 0)
    return failed("setsockopt NETLINK_ADD_MEMBERSHIP");
  return NetlinkNotices(std::move(socket));
}

bool NetlinkNotices::drain() {
  bool any = false;
  for (;;) {
    char ignored = 0;
    const ssize_t size = ::recv(socket().get(), &ignored, sizeof ignored, MSG_DONTWAIT);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0 && errno != ENOBUFS) return any;
    any = true;
  }
}

}  // namespace planet::sys
