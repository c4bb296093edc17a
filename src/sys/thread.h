// A thread whose making may fail. std::thread throws then.
//
// Source: pthread_create(3).
#pragma once

#include <pthread.h>

#include <functional>
#include <optional>
#include <utility>

#include "base/error.h"

namespace planet::sys {

// The destructor waits for its end.
class [[nodiscard]] Thread {
 public:
  // Errors: kSystem with EAGAIN - RLIMIT_NPROC, or the limit of a control group.
  static Result<Thread> start(std::function<void()> body);

  Thread(Thread&& other) noexcept : thread_(std::exchange(other.thread_, std::nullopt)) {}
  Thread& operator=(Thread&&) = delete;
  Thread(const Thread&) = delete;
  Thread& operator=(const Thread&) = delete;
  ~Thread();

 private:
  explicit Thread(pthread_t thread) : thread_(thread) {}
  std::optional<pthread_t> thread_;
};

}  // namespace planet::sys
