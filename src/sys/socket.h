// A pair of connected sockets that carry whole messages and descriptors between related processes.
//
// Source: unix(7), SOCK_SEQPACKET, SCM_RIGHTS.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

Result<std::pair<UniqueFd, UniqueFd>> packet_socket_pair();

// A named socket at `name` below `dir` and the two ends of a connection through it. Packets, as above.
Result<UniqueFd> listen_at(BorrowedFd dir, const char* name);
Result<UniqueFd> accept_one(BorrowedFd listener);
Result<UniqueFd> connect_at(BorrowedFd dir, const char* name);

// Datagrams: a named socket that everybody may send to, and one that sends to somebody else's ("@NAME" is an abstract
// address).
Result<UniqueFd> receive_datagrams_at(BorrowedFd dir, const char* name);
Result<UniqueFd> connect_datagrams(const std::string& path);

// A stream socket that somebody else listens on, for descriptors (a console socket).
// Errors: kInvalidArgument - a path longer than a socket's may be (107 bytes).
Result<UniqueFd> connect_stream(const std::string& path);

// At most this many descriptors travel with one message (the kernel's SCM_MAX_FD is 253).
inline constexpr std::size_t kMostFds = 128;

Result<> send_message(BorrowedFd socket, std::string_view bytes,
                      std::span<const BorrowedFd> fds = {});

// From then on a message that the other end does not take for so long is not sent (EAGAIN). socket(7), SO_SNDTIMEO.
Result<> set_send_timeout(BorrowedFd socket, int milliseconds);

struct Message {
  std::string bytes;  // empty: the other end is closed
  std::vector<UniqueFd> fds;
};

// Errors: kCorrupt - a message longer than `limit`, or descriptors that were cut off.
Result<Message> receive_message(BorrowedFd socket, std::size_t limit);

// The effective user of whoever connected: unix(7), SO_PEERCRED.
Result<uid_t> peer_user(BorrowedFd socket);

// True when nobody holds the other end any more.
bool peer_closed(BorrowedFd socket);

// The loopback interface of the current network namespace, up. netdevice(7).
Result<> raise_loopback();

}  // namespace planet::sys
