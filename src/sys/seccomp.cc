#include "sys/seccomp.h"

#include <linux/seccomp.h>
#include <pthread.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <ctime>

namespace planet::sys {
namespace {

// The listener's descriptor, or -1 if there is none.
Result<int> load(std::span<const sock_filter> filter, unsigned flags) {
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                           .filter = const_cast<sock_filter*>(filter.data())};
  const long result = ::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
  if (result < 0)
    return std::unexpected(Error::from_errno(errno, "seccomp SECCOMP_SET_MODE_FILTER"));
  return static_cast<int>(result);
}

constexpr int kNotYet = -1;
constexpr int kFailed = -2;

struct HandOver {
  const std::function<Result<>(BorrowedFd)>& give;
  std::atomic<int> listener{kNotYet};
  std::atomic<bool> done{false};
  Result<> result;
};

void* hand_over_thread(void* argument) {
  constexpr timespec kMoment{.tv_sec = 0, .tv_nsec = 20'000};
  auto& task = *static_cast<HandOver*>(argument);
  int listener = kNotYet;
  while ((listener = task.listener.load()) == kNotYet) ::nanosleep(&kMoment, nullptr);
  if (listener != kFailed) task.result = task.give(BorrowedFd(listener));
  task.done.store(true);
  return nullptr;
}

Result<> start_thread(HandOver& task) {
  pthread_t thread{};
  const int failed = ::pthread_create(&thread, nullptr, hand_over_thread, &task);
  if (failed != 0) return std::unexpected(Error::from_errno(failed, "pthread_create"));
  ::pthread_detach(thread);
  return {};
}

}  // namespace

Result<> load_seccomp_filter(std::span<const sock_filter> filter, unsigned flags) {
  const auto loaded = load(filter, flags);
  if (!loaded) return std::unexpected(loaded.error());
  return {};
}

Result<> load_listening_filter(std::span<const sock_filter> filter, unsigned flags,
                               const std::function<Result<>(BorrowedFd)>& hand_over) {
  HandOver task{.give = hand_over, .listener = kNotYet, .done = false, .result = {}};
  if (Result<> started = start_thread(task); !started) return started;
  // Unlike TSYNC, which would catch the other thread, too.
  const auto listener = load(filter, flags | SECCOMP_FILTER_FLAG_NEW_LISTENER);
  task.listener.store(listener ? *listener : kFailed);
  while (!task.done.load()) {
    // A wait that the kernel knows of would be a system call.
  }
  if (!listener) return std::unexpected(listener.error());
  return task.result;
}

}  // namespace planet::sys
