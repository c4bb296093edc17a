#include "sys/socket.h"

#include <net/if.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstring>

#include "base/strings.h"

namespace planet::sys {
namespace {

std::unexpected<Error> failed(const char* call) {
  return std::unexpected(Error::from_errno(errno, call));
}

std::vector<UniqueFd> take_fds(msghdr& header) {
  std::vector<UniqueFd> fds;
  for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
    if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(part) + i * sizeof fd, sizeof fd);
      fds.emplace_back(fd);
    }
  }
  return fds;
}

Result<sockaddr_un> address_of(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(Code::kInvalidArgument, "the path of socket " + quote(path) + " is longer than " +
                                            std::to_string(sizeof address.sun_path - 1) + " bytes");
  std::memcpy(address.sun_path, path.data(), path.size());
  return address;
}

// A directory's own path may be too long for a socket's; by its descriptor it never is.
std::string path_below(BorrowedFd dir, const char* name) {
  return "/proc/self/fd/" + std::to_string(dir.get()) + "/" + name;
}

Result<UniqueFd> open_socket(int type) {
  UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return failed("socket");
  return socket;
}

Result<UniqueFd> connect_to(const std::string& path, int type) {
  TRY_SET(const sockaddr_un address, address_of(path));
  TRY_SET(UniqueFd socket, open_socket(type));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.borrow().get(), generic, sizeof address) < 0)
    return std::unexpected(Error::from_errno(errno, "connect to " + path));
  return socket;
}

}  // namespace

Result<UniqueFd> listen_at(BorrowedFd dir, const char* name) {
  TRY_SET(const sockaddr_un address, address_of(path_below(dir, name)));
  TRY_SET(UniqueFd socket, open_socket(SOCK_SEQPACKET));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket.borrow().get(), generic, sizeof address) < 0)
    return std::unexpected(Error::from_errno(errno, std::string("bind ") + name));
  if (::listen(socket.borrow().get(), 1) < 0) return failed("listen");
  return socket;
}

Result<UniqueFd> receive_datagrams_at(BorrowedFd dir, const char* name) {
  constexpr mode_t kEverybody = 0666;
  TRY_SET(const sockaddr_un address, address_of(path_below(dir, name)));
  TRY_SET(UniqueFd socket, open_socket(SOCK_DGRAM));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::bind(socket.borrow().get(), generic, sizeof address) < 0)
    return std::unexpected(Error::from_errno(errno, std::string("bind ") + name));
  if (::fchmodat(dir.get(), name, kEverybody, 0) < 0) return failed("fchmodat");
  return socket;
}

Result<UniqueFd> connect_datagrams(const std::string& path) {
  TRY_SET(sockaddr_un address, address_of(path));
  // Of an abstract address every byte counts, also those that are not there.
  const bool abstract = path.starts_with('@');
  const auto length = static_cast<socklen_t>(
      abstract ? offsetof(sockaddr_un, sun_path) + path.size() : sizeof address);
  if (abstract) address.sun_path[0] = '\0';
  TRY_SET(UniqueFd socket, open_socket(SOCK_DGRAM));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  if (::connect(socket.borrow().get(), generic, length) < 0)
    return std::unexpected(Error::from_errno(errno, "connect to " + path));
  return socket;
}

Result<UniqueFd> accept_one(BorrowedFd listener) {
  int fd = -1;
  do fd = ::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC);
  while (fd < 0 && errno == EINTR);
  if (fd < 0) return failed("accept");
  return UniqueFd(fd);
}

Result<UniqueFd> connect_at(BorrowedFd dir, const char* name) {
  return connect_to(path_below(dir, name), SOCK_SEQPACKET);
}

Result<UniqueFd> connect_stream(const std::string& path) {
  return connect_to(path, SOCK_STREAM);
}

Result<std::pair<UniqueFd, UniqueFd>> packet_socket_pair() {
  int ends[2] = {-1, -1};
  if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
    return failed("socketpair");
  return std::pair(UniqueFd(ends[0]), UniqueFd(ends[1]));
}

Result<> send_message(BorrowedFd socket, std::string_view bytes, std::span<const BorrowedFd> fds) {
  if (fds.size() > kMostFds)
    return fail(Code::kInvalidArgument, "more than " + std::to_string(kMostFds) + " descriptors");
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
  iovec data{.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  if (!fds.empty()) {
    header.msg_control = control;
    header.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
    cmsghdr* part = CMSG_FIRSTHDR(&header);
    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
    for (std::size_t i = 0; i < fds.size(); ++i) {
      const int fd = fds[i].get();
      std::memcpy(CMSG_DATA(part) + i * sizeof fd, &fd, sizeof fd);
    }
  }
  ssize_t n = -1;
  do n = ::sendmsg(socket.get(), &header, MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  if (n < 0) return failed("sendmsg");
  return {};
}

Result<> set_send_timeout(BorrowedFd socket, int milliseconds) {
  constexpr long kMs = 1000;
  const timeval time{.tv_sec = milliseconds / kMs, .tv_usec = milliseconds % kMs * kMs};
  if (::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &time, sizeof time) < 0)
    return failed("setsockopt SO_SNDTIMEO");
  return {};
}

Result<Message> receive_message(BorrowedFd socket, std::size_t limit) {
  alignas(cmsghdr) char control[CMSG_SPACE(kMostFds * sizeof(int))] = {};
  Message message;
  message.bytes.resize(limit);
  iovec data{.iov_base = message.bytes.data(), .iov_len = limit};
  msghdr header{};
  header.msg_iov = &data;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof control;
  const auto receive = [&] {
    ssize_t got = -1;
    do got = ::recvmsg(socket.get(), &header, MSG_CMSG_CLOEXEC);
    while (got < 0 && errno == EINTR);
    return got;
  };
  ssize_t n = receive();
  // Told once, and before what is still there, when the peer closed with a message of ours unread.
  if (n < 0 && errno == ECONNRESET) n = receive();
  if (n < 0) return failed("recvmsg");
  message.bytes.resize(static_cast<std::size_t>(n));
  message.fds = take_fds(header);
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
    return fail(Code::kCorrupt, "a message was cut off");
  return message;
}

Result<uid_t> peer_user(BorrowedFd socket) {
  ucred peer{};
  socklen_t length = sizeof peer;
  if (::getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0)
    return failed("getsockopt SO_PEERCRED");
  return peer.uid;
}

bool peer_closed(BorrowedFd socket) {
  pollfd query{.fd = socket.get(), .events = 0, .revents = 0};
  return ::poll(&query, 1, 0) > 0 && (query.revents & (POLLHUP | POLLERR)) != 0;
}

Result<> raise_loopback() {
  const UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket.valid()) return failed("socket");
  ifreq request{};
  std::strcpy(request.ifr_name, "lo");
  request.ifr_flags = IFF_UP | IFF_RUNNING;
  if (::ioctl(socket.borrow().get(), SIOCSIFFLAGS, &request) < 0)
    return failed("ioctl SIOCSIFFLAGS lo");
  return {};
}

}  // namespace planet::sys
