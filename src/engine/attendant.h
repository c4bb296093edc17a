// Whoever waits and is served in the loop of a container's keeper, beside its clients: the health check, the name service.
#pragma once

#include <poll.h>

#include <cstddef>
#include <span>
#include <vector>

namespace planet::engine {

class Attendant {
 public:
  Attendant() = default;
  Attendant(const Attendant&) = delete;
  Attendant& operator=(const Attendant&) = delete;
  Attendant(Attendant&&) = delete;
  Attendant& operator=(Attendant&&) = delete;
  virtual ~Attendant() = default;

  static constexpr std::size_t kWatched = 2;  // entries that each appends, always
  static constexpr pollfd kNothing = {.fd = -1, .events = 0, .revents = 0};

  virtual void watch(std::vector<pollfd>& set) const = 0;
  virtual void serve(std::span<const pollfd> waited) = 0;  // its entries, with what is ready
  virtual int patience() const = 0;  // milliseconds until it wants to be served anyhow; -1: never
};

}  // namespace planet::engine
