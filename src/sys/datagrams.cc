#include "sys/datagrams.h"

#include <algorithm>
#include <cerrno>

namespace planet::sys {
namespace {

// What the two calls take.
struct Headers {
  std::array<iovec, kMostDatagrams> parts{};
  std::array<mmsghdr, kMostDatagrams> messages{};

  void set(std::size_t i, std::span<char> bytes, sockaddr_storage& peer, socklen_t peer_size) {
    parts[i] = {.iov_base = bytes.data(), .iov_len = bytes.size()};
    messages[i].msg_hdr.msg_name = &peer;
    messages[i].msg_hdr.msg_namelen = peer_size;
    messages[i].msg_hdr.msg_iov = &parts[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
};

std::size_t send_batch(BorrowedFd socket, std::span<const DatagramToSend> datagrams) {
  Headers headers;
  for (std::size_t i = 0; i < datagrams.size(); ++i) {
    // Nothing is written to what is sent: sendmmsg(2) has the types of recvmmsg(2).
    auto& datagram = const_cast<DatagramToSend&>(datagrams[i]);
    headers.set(i, datagram.bytes, datagram.to.storage, datagram.to.size);
  }
  std::size_t sent = 0;
  for (std::size_t at = 0; at < datagrams.size();) {
    // It ends before the first that cannot be sent, and fails if that is the first of all.
    const int n =
        ::sendmmsg(socket.get(), &headers.messages[at],
                   static_cast<unsigned>(datagrams.size() - at), MSG_DONTWAIT | MSG_NOSIGNAL);
    const std::size_t gone = n > 0 ? static_cast<std::size_t>(n) : 0;
    sent += gone;
    at += std::max<std::size_t>(gone, 1);
  }
  return sent;
}

}  // namespace

ReceivedDatagrams::ReceivedDatagrams(std::size_t longest)
    : longest_(longest),
      bytes_(std::make_unique_for_overwrite<char[]>(longest * kMostDatagrams)),
      datagrams_(std::make_unique<std::array<Datagram, kMostDatagrams>>()) {}

Result<std::span<const ReceivedDatagrams::Datagram>> ReceivedDatagrams::receive(BorrowedFd socket) {
  Headers headers;
  for (std::size_t i = 0; i < kMostDatagrams; ++i) {
    sockaddr_storage& from = (*datagrams_)[i].from.storage;
    headers.set(i, std::span(bytes_.get() + i * longest_, longest_), from, sizeof from);
  }
  const int n =
      ::recvmmsg(socket.get(), headers.messages.data(), kMostDatagrams, MSG_DONTWAIT, nullptr);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return std::span<const Datagram>();
  if (n < 0) return std::unexpected(Error::from_errno(errno, "recvmmsg"));
  const auto received = std::span(*datagrams_).first(static_cast<std::size_t>(n));
  for (std::size_t i = 0; i < received.size(); ++i) {
    const mmsghdr& message = headers.messages[i];
    received[i].bytes = std::string_view(bytes_.get() + i * longest_, message.msg_len);
    received[i].is_cut_off = (message.msg_hdr.msg_flags & MSG_TRUNC) != 0;
    received[i].from.size = message.msg_hdr.msg_namelen;
  }
  return received;
}

std::size_t send_datagrams(BorrowedFd socket, std::span<const DatagramToSend> datagrams) {
  std::size_t sent = 0;
  while (!datagrams.empty()) {
    const auto batch = datagrams.first(std::min(datagrams.size(), kMostDatagrams));
    sent += send_batch(socket, batch);
    datagrams = datagrams.subspan(batch.size());
  }
  return sent;
}

}  // namespace planet::sys
