// A connection to a server, by its address. The socket never blocks: who waits, waits in poll, with a limit.
//
// Source: tcp(7), connect(2), send(2).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// `address` is an IPv4 or IPv6 address as text.
// Errors: kInvalidArgument - it is none; kSystem with ETIMEDOUT - not within the limit; else that of connect(2).
Result<UniqueFd> connect_tcp(const std::string& address, std::uint16_t port,
                             std::chrono::milliseconds limit);

// How many bytes went; nothing when none can go now. The end of a connection is 0 for receive_some, and an error, not a signal,
// for send_some.
Result<std::optional<std::size_t>> receive_some(BorrowedFd socket, std::span<char> buffer);
Result<std::optional<std::size_t>> send_some(BorrowedFd socket, std::string_view bytes);

// Waits until the socket can be read, or written. Errors: kSystem with ETIMEDOUT - not within the limit.
enum class Ready : std::uint8_t { kToReceive, kToSend };
Result<> wait_for(BorrowedFd socket, Ready ready, std::chrono::milliseconds limit);

// Whether an idle connection is still good: the server has neither closed it nor said anything.
bool is_quiet(BorrowedFd socket);

}  // namespace planet::sys
