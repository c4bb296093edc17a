#include "engine/restart_policy.h"

#include <algorithm>

namespace planet::engine {

int Restarts::next(int status, std::int64_t run_ms) {
  constexpr int kFirst = 100;
  constexpr int kMost = 60'000;
  constexpr std::int64_t kLong = 10'000;
  if (policy_.when == Restart::kNo) return -1;
  if (policy_.when == Restart::kOnFailure &&
      (status == 0 || (policy_.most > 0 && count_ >= policy_.most)))
    return -1;
  wait_ = wait_ == 0 || run_ms >= kLong ? kFirst : std::min(2 * wait_, kMost);
  ++count_;
  return wait_;
}

}  // namespace planet::engine
