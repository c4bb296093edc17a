// Bytes to a server and back, over TCP or TLS. Blocking, within the time limits of who made it.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/error.h"

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
};

}  // namespace planet::registry
