// Bytes to a server and back, over TCP or TLS. Blocking, within the time limits of who made it.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sys/tcp.h"

namespace planet::registry {

class Transport {
 public:
  Transport() = default;
  Transport(const Transport&) = delete;
  Transport& operator=(const Transport&) = delete;
  Transport(Transport&&) = delete;
  Transport& operator=(Transport&&) = delete;
  virtual ~Transport() = default;

  // At least one byte; 0 at the end.
  virtual Result<std::size_t> receive(std::span<char> buffer) = 0;
  virtual Result<> send(std::string_view bytes) = 0;  // all of them
  // Whether it is open and nothing is under way: an idle connection that may be used again.
  virtual bool is_quiet() const = 0;
};

// How long a server may keep one waiting. Only time spent in waiting counts, not what the caller does with the bytes.
class Patience {
 public:
  // In each so long a wait this much at least has to move: a byte now and then would hold a pull for ever.
  static constexpr std::size_t kLeast = 4096;

  explicit Patience(std::chrono::milliseconds limit) : limit_(limit) {}

  // Errors: kSystem - nothing at all, or less than kLeast, in the limit.
  Result<> wait(BorrowedFd socket, sys::Ready ready);
  void moved(std::size_t bytes) { moved_ += bytes; }

 private:
  std::chrono::milliseconds limit_;
  std::chrono::milliseconds waited_{0};
  std::size_t moved_ = 0;
};

// The connection as it is.
std::unique_ptr<Transport> plain_transport(UniqueFd socket, std::chrono::milliseconds patience);

}  // namespace planet::registry
