// The named steps of a launch. One mechanism for errors (which step failed), `run --explain` and debugging.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "sys/process.h"

namespace planet::runtime {

// What a step is, in words; static storage. `name` is also what an error begins with: "mount /proc: ...".
struct StepInfo {
  const char* name;  // "mount the root filesystem"
  const char* why;   // one sentence for a learner
  const char* call;  // the kernel interface: "fsopen(\"overlay\"), fsmount"
};

enum class Side : std::uint8_t { kParent, kInit };

// Whoever listens to a launch. `detail` names the object, or is empty. Times are CLOCK_MONOTONIC nanoseconds.
class StepLog {
 public:
  StepLog() = default;
  StepLog(const StepLog&) = delete;
  StepLog& operator=(const StepLog&) = delete;
  StepLog(StepLog&&) = delete;
  StepLog& operator=(StepLog&&) = delete;
  virtual ~StepLog() = default;
  virtual void step(const StepInfo& info, Side side, std::string_view detail, std::int64_t begin_ns,
                    std::int64_t end_ns) = 0;
};

// Runs steps: times them when somebody listens, and puts the step's name before the error of one that fails.
class Steps {
 public:
  Steps(StepLog* log, Side side) : log_(log), side_(side) {}

  template <class F>
  auto run(const StepInfo& info, std::string_view detail, F&& body) const -> decltype(body()) {
    const std::int64_t begin = log_ == nullptr ? 0 : sys::monotonic_ns();
    auto result = std::forward<F>(body)();
    if (!result) [[unlikely]]
      return std::unexpected(std::move(result).error().while_doing(sentence(info, detail)));
    if (log_ != nullptr) log_->step(info, side_, detail, begin, sys::monotonic_ns());
    return result;
  }
  template <class F>
  auto run(const StepInfo& info, F&& body) const -> decltype(body()) {
    return run(info, {}, std::forward<F>(body));
  }

 private:
  static std::string sentence(const StepInfo& info, std::string_view detail) {
    std::string text = info.name;
    if (!detail.empty()) (text += ' ') += detail;
    return text;
  }

  StepLog* log_;
  Side side_;
};

}  // namespace planet::runtime
