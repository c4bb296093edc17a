// Datagrams of a socket that is not connected, many by one system call.
//
// Source: recvmmsg(2), sendmmsg(2), udp(7).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sys/inet.h"

namespace planet::sys {

// By one call: who gets so many in answer to one receive() has others that wait, too.
inline constexpr std::size_t kMostDatagrams = 32;

class ReceivedDatagrams {
 public:
  struct Datagram {
    std::string_view bytes;
    bool is_cut_off = false;  // it was longer
    InetAddress from;
  };

  // Of a longer datagram the first `longest` bytes are kept.
  explicit ReceivedDatagrams(std::size_t longest);

  // Those that wait, in their order, in place of those before; none, if none does. It does not wait for any.
  Result<std::span<const Datagram>> receive(BorrowedFd socket);

 private:
  std::size_t longest_;
  std::unique_ptr<char[]> bytes_;  // memory is taken up by what comes
  std::unique_ptr<std::array<Datagram, kMostDatagrams>> datagrams_;
};

struct DatagramToSend {
  std::string bytes;
  InetAddress to;
};

// Without waiting. What cannot be sent is left out, as if it had got lost on its way; how many were sent.
std::size_t send_datagrams(BorrowedFd socket, std::span<const DatagramToSend> datagrams);

}  // namespace planet::sys
