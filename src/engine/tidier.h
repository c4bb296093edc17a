// What nobody need wait for at the end of a container: a process of its own goes on with it, which its keeper leaves behind.
//
// The kernel holds up for ten milliseconds whoever closes the socket that has told the packet filter to forget something; and
// a disk takes its time to remove files. Everything of the container that another command could meet is away before.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "base/unique_fd.h"
#include "engine/places.h"
#include "network/firewall.h"

namespace planet::engine {

class Tidier {
 public:
  // `places` outlives it.
  explicit Tidier(const Places& places) : places_(places) {}
  Tidier(const Tidier&) = delete;
  Tidier& operator=(const Tidier&) = delete;
  Tidier(Tidier&&) = delete;
  Tidier& operator=(Tidier&&) = delete;
  // Leaves the process behind, if there is something to do. Where there can be none it is done when this returns.
  ~Tidier();

  void close_later(network::Firewall firewall) { firewall_ = std::move(firewall); }
  // A directory below the root directory that nobody looks for any more, but for those who remove what killed processes have
  // left; `lock` keeps these away.
  void remove_later(std::string path, BorrowedFd lock);

 private:
  void remove() const;
  [[noreturn]] void be_process() const;

  const Places& places_;
  std::optional<network::Firewall> firewall_;
  std::string path_;
  BorrowedFd lock_{-1};
};

}  // namespace planet::engine
