#include "sys/thread.h"

#include <memory>

namespace planet::sys {
namespace {

void* run_body(void* body) {
  const std::unique_ptr<std::function<void()>> owned(static_cast<std::function<void()>*>(body));
  (*owned)();
  return nullptr;
}

}  // namespace

Result<Thread> Thread::start(std::function<void()> body) {
  auto owned = std::make_unique<std::function<void()>>(std::move(body));
  pthread_t thread{};
  const int err = ::pthread_create(&thread, nullptr, run_body, owned.get());
  if (err != 0) return std::unexpected(Error::from_errno(err, "pthread_create"));
  (void)owned.release();  // the thread's; NOLINT(bugprone-unused-return-value)
  return Thread(thread);
}

Thread::~Thread() {
  if (thread_) ::pthread_join(*thread_, nullptr);
}

}  // namespace planet::sys
