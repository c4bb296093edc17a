#include "engine/firewall_guard.h"

#include "engine/disconnect.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

constexpr std::int64_t kNsPerMs = 1'000'000;
// Who changes the packet filter without end is not followed at each step; what failed is tried again.
constexpr std::int64_t kPause = 100 * kNsPerMs;
constexpr std::int64_t kPauseAfterFailure = 1'000 * kNsPerMs;

}  // namespace

void FirewallGuard::begin() {
  auto notices = network::Firewall::watch();
  if (notices) notices_ = *std::move(notices);
  has_changed_ = false;
  next_ = 0;
}

void FirewallGuard::end() {
  notices_.reset();
  has_changed_ = false;
}

void FirewallGuard::watch(std::vector<pollfd>& set) const {
  set.push_back(notices_ && !has_changed_
                    ? pollfd{.fd = notices_->socket().get(), .events = POLLIN, .revents = 0}
                    : kNothing);
  set.push_back(kNothing);
}

int FirewallGuard::patience() const {
  if (!has_changed_) return -1;
  const std::int64_t left = next_ - sys::monotonic_ns();
  return left <= 0 ? 0 : static_cast<int>(left / kNsPerMs) + 1;
}

void FirewallGuard::serve(std::span<const pollfd> waited) {
  if (!notices_) return;
  if (waited[0].revents != 0) has_changed_ = true;
  if (has_changed_ && sys::monotonic_ns() >= next_) repair();
}

// What happens from here on is told again: the look comes after the notices are taken.
void FirewallGuard::repair() {
  (void)notices_->drain();
  has_changed_ = !ensure_firewall(places_).has_value();
  next_ = sys::monotonic_ns() + (has_changed_ ? kPauseAfterFailure : kPause);
}

}  // namespace planet::engine
