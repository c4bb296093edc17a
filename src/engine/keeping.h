// Keeping: a container's runs, one after the other, as long as one process keeps it: launch, relay, end, and by its
// policy the next.
#pragma once

#include <optional>
#include <string_view>

#include "engine/clients.h"
#include "engine/connecting.h"
#include "engine/events.h"
#include "engine/health.h"
#include "engine/log.h"
#include "engine/prepare.h"
#include "engine/restart_policy.h"
#include "engine/run.h"
#include "engine/streams.h"
#include "engine/tidier.h"
#include "runtime/launch.h"
#include "sys/signals.h"

namespace planet::engine {

// Whether descriptors 0, 1 and 2 of this process are the container's caller.
enum class Caller : std::uint8_t { kConnected, kAway };

class Keeping {
 public:
  // All outlive it. What others change of the record while it is kept, changes in `prepared`.
  Keeping(const Engine& engine, Prepared& prepared, const RunHooks& hooks, Caller caller);

  Clients& clients() { return clients_; }
  // Which of the caller's streams it has, if it is connected.
  void attach_caller(const Attached& attached) { attached_ = attached; }

  // Calls hooks.started once the command runs for the first time. The exit status of the last run.
  // After a failure to start, nothing of a fresh container is left; another is at rest again, and says why.
  Result<int> run();

 private:
  struct Launched {
    runtime::Running running;
    Streams streams;
  };

  Result<Launched> launch();
  Result<Exit> attend(Launched launched);
  Result<> listen();
  Result<bool> goes_on(const Exit& end);
  Error not_started(Error error);
  Result<bool> wait_for_next(int milliseconds, const Exit& last);
  Result<> record_end(const Exit& exit);
  void record_failure(const Error& error);
  void happens(std::string action, const Attributes& more = {});
  void happens_to_networks(const char* action);
  void happens_to_volumes(const char* action);
  void tell();
  Result<> answer(std::string_view wish);
  Result<> reload();
  Result<> connect(std::string_view network);
  Result<> disconnect(std::string_view network);
  Result<> pause(bool on);
  Result<> hold(bool on);
  Result<> settle_pause();
  void unhealthy();
  void say_oom();
  bool take_down(cgroup::Group& group) const;
  void leave_networks();

  const Engine& engine_;
  const Prepared& prepared_;
  Record& record_;  // of `prepared_`
  const RunHooks& hooks_;
  Caller caller_;
  Attached attached_;
  Tidier tidier_;  // before all that is to be closed by its time
  std::optional<LogWriter> log_;
  Clients clients_;
  Connecting connecting_;
  Restarts restarts_;
  std::optional<HealthMonitor> health_;
  std::optional<sys::SignalFd> signals_;
  State state_;
  std::vector<Event> happened_;     // and was not told yet
  std::optional<Exit> last_;        // of the run before this one
  cgroup::Group* group_ = nullptr;  // of the container that runs
  std::int64_t began_ = 0;
  const sys::Child* init_ = nullptr;  // its process
  int holders_ = 0;                   // clients that want it paused as long as they are there
  bool paused_ = false;               // somebody has paused it, to last
  bool listens_ = false;
  bool forced_ = false;    // it is started again, whatever its policy is
  bool stopping_ = false;  // it is not to be started again
};

}  // namespace planet::engine
