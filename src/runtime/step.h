// The named steps of a launch. One mechanism for errors (which step failed), `run --explain` and debugging.
#pragma once

#include <cstdint>

namespace planet::runtime {

// What a step is, in words; static storage. `name` completes "while ...": "mounting /proc".
struct StepInfo {
  const char* name;  // "mount /proc"
  const char* why;   // one sentence for a learner
  const char* call;  // the kernel interface, "fsopen(\"proc\"), fsmount, move_mount"
};

enum class Side : std::uint8_t { kParent, kInit };

// Whoever listens to a launch. Times are CLOCK_MONOTONIC nanoseconds.
class StepLog {
 public:
  StepLog() = default;
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;
  StepLog(StepLog&&) = delete;
  StepLog& operator=(StepLog&&) = delete;
  virtual ~StepLog() = default;
  virtual void step(const StepInfo& info, Side side, std::int64_t begin_ns,
                    std::int64_t end_ns) = 0;
};

}  // namespace planet::runtime
