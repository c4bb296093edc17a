// When a container that has ended is started again, and how long that waits. Pure.
//
// Source: docker-run(1), --restart; docker's documentation, "Start containers automatically".
#pragma once

#include <cstdint>

#include "engine/request.h"

namespace planet::engine {

class Restarts {
 public:
  explicit Restarts(const RestartPolicy& policy) : policy_(policy) {}
  void change(const RestartPolicy& policy) { policy_ = policy; }

  // After an end with `status` of a run that lasted `run_ms`: milliseconds to wait before the next start, -1 for none.
  // 100 ms, doubled each time up to a minute; from the beginning again after a run of ten seconds.
  int next(int status, std::int64_t run_ms);
  int count() const { return count_; }

 private:
  RestartPolicy policy_;
  int count_ = 0;
  int wait_ = 0;
};

}  // namespace planet::engine
