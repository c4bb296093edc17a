// Keeps the packet filter whole while a container runs, by its keeper: what `nft flush ruleset` or the restart of a firewall
// takes away is made again at once, by whichever keeper is the first. Meanwhile published ports lead nowhere, but this host,
// which passes packets on, would take its neighbours to the containers.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "engine/attendant.h"
#include "engine/places.h"
#include "sys/netlink_notices.h"

namespace planet::engine {

class FirewallGuard : public Attendant {
 public:
  // `places` outlives it.
  explicit FirewallGuard(const Places& places) : places_(places) {}

  // A run of the container begins: before the packet filter is ensured, so that nothing is missed. Where the kernel tells
  // nothing, the filter is made again with the next container that starts.
  void begin();
  void end();

  void watch(std::vector<pollfd>& set) const override;
  void serve(std::span<const pollfd> waited) override;
  int patience() const override;

 private:
  void repair();

  const Places& places_;
  std::optional<sys::NetlinkNotices> notices_;
  bool has_changed_ = false;
  std::int64_t next_ = 0;  // CLOCK_MONOTONIC, ns: no look before then
};

}  // namespace planet::engine
