#include "engine/keeping.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/strings.h"
#include "engine/containers.h"
#include "engine/control.h"
#include "engine/host_files.h"
#include "engine/networks.h"
#include "engine/sharing.h"
#include "engine/volume_use.h"
#include "engine/volumes.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/terminal.h"

namespace planet::engine {
namespace {

// After a launch that failed, at whatever step.
void take_down_cgroup(const std::string& path) {
  const auto host = cgroup::Host::open();
  if (!host) return;
  auto group = cgroup::Group::open(*host, path);
  if (!group) return;
  (void)group->kill_all();
  (void)group->remove();
}

State state_of(const Record& record, pid_t init, int restarts) {
  State state;
  state.pid = init;
  state.start_ticks = sys::start_ticks(init).value_or(0);
  state.keeper = sys::own_pid();
  state.keeper_ticks = sys::start_ticks(state.keeper).value_or(0);
  state.boot_id = boot_id();
  state.started = sys::now_text();
  state.cgroup = record.cgroup;
  state.restarts = restarts;
  return state;
}

// Who removes an image does not wait for who starts it: a layer that the record named too late is gone, or was for a
// moment.
Error explain_loss(const Engine& engine, const Record& record, Error error) {
  const bool missing = error.code() == Code::kNotFound;
  const bool lost = std::ranges::any_of(record.layers, [&](const std::string& layer) {
    return (missing && error.what().contains(layer)) || !engine.store.has_layer(layer);
  });
  if (!lost) return error;
  return Error(Code::kNotFound, "image " + quote(record.image) + " was removed meanwhile");
}

Result<runtime::Running> start(const Engine& engine, const Prepared& prepared,
                               const Streams& streams, Connecting& connecting,
                               const RunHooks& hooks) {
  oci::Spec spec = prepared.spec;
  TRY_SET(const std::vector<UniqueFd> pinned, pin_subpaths(prepared.record, spec));
  TRY_SET(const std::vector<UniqueFd> shared, pin_shared(engine.places, prepared.record, spec));
  TRY(write_host_files(engine.places, prepared.record, connecting.connections()));
  runtime::LaunchRequest launch{.spec = spec, .root = prepared.root};
  TRY_SET(const std::optional<UniqueFd> memory,
          clone_shared_memory(engine.places, prepared.record, spec));
  if (memory)
    launch.ready_mounts.push_back(
        {.destination = std::string(kSharedMemory), .mount = memory->borrow()});
  launch.layer_mounts = plan_image_mounts(engine, prepared.record);
  launch.stdio = streams.stdio();
  launch.user = prepared.user;
  launch.groups = prepared.record.groups;
  launch.default_seccomp = prepared.record.seccomp_off ? runtime::DefaultSeccomp::kNone
                                                       : runtime::DefaultSeccomp::kOwnProfile;
  launch.init_reaper = prepared.record.init_reaper;
  launch.die_with_parent = true;
  launch.log = hooks.log;
  if (connecting.is_wanted()) launch.network = connecting.work();
  return runtime::launch(launch);
}

// A terminal that nobody holds still has a size that programs can live with.
void set_first_size(const Prepared& prepared, Caller caller, const runtime::Running& running) {
  const bool has_size = prepared.spec.process->console_size.has_value();
  if (!prepared.record.terminal || caller == Caller::kConnected || has_size) return;
  constexpr winsize kClassic = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  (void)sys::set_window_size(running.terminal.borrow(), kClassic);
}

}  // namespace

Keeping::Keeping(const Engine& engine, Prepared& prepared, const RunHooks& hooks, Caller caller)
    : engine_(engine),
      prepared_(prepared),
      record_(prepared.record),
      hooks_(hooks),
      caller_(caller),
      tidier_(engine.places),
      log_(std::in_place, engine.places, record_),
      clients_({.terminal = record_.terminal, .input_once = record_.stdin_once}, &*log_,
               [this](std::string_view wish) { return answer(wish); }),
      connecting_(engine.places, record_),
      restarts_(record_.restart) {
  if (has_own_network(record_)) {
    clients_.add_attendant(&connecting_.names());
    clients_.add_attendant(&connecting_.guard());
  }
  if (record_.health.test.empty()) return;
  health_.emplace(engine_, record_, [this] { unhealthy(); });
  clients_.add_attendant(&*health_);
}

Result<> Keeping::listen() {
  if (listens_) return {};
  TRY_SET(UniqueFd listener, listen_for_clients(engine_.places, record_.id));
  clients_.listen(std::move(listener));
  listens_ = true;
  return {};
}

Result<Keeping::Launched> Keeping::launch() {
  TRY_SET(Streams streams, Streams::make(record_.interactive, record_.terminal));
  TRY(connecting_.prepare());
  auto started = start(engine_, prepared_, streams, connecting_, hooks_);
  if (!started) return std::unexpected(explain_loss(engine_, record_, std::move(started).error()));
  runtime::Running running = *std::move(started);
  streams.close_container_ends();
  set_first_size(prepared_, caller_, running);
  state_ = state_of(record_, running.init.pid(), restarts_.count());
  if (last_) state_.last_status = last_->status;
  // One that is over already has no start time: its end is recorded next.
  if (state_.start_ticks != 0) TRY(write_state(engine_.places, record_.id, state_));
  began_ = sys::monotonic_ns();
  if (prepared_.created && !last_) happened_.push_back(*prepared_.created);
  happens_to_networks("connect");
  happens_to_volumes("mount");
  happens("start");
  tell();
  return Launched{.running = std::move(running), .streams = std::move(streams)};
}

void Keeping::happens(std::string action, const Attributes& more) {
  happened_.push_back(container_event(record_, std::move(action), more));
}

void Keeping::happens_to_networks(const char* action) {
  for (const network::Network& network : connecting_.networks())
    happened_.push_back(connection_event(action, network, record_.id));
}

void Keeping::happens_to_volumes(const char* action) {
  for (const RecordedMount& mount : record_.mounts) {
    if (mount.type != "volume") continue;
    happened_.push_back(volume_event(action, mount.name,
                                     {{"container", record_.id},
                                      {"destination", mount.destination},
                                      {"read/write", mount.read_only() ? "false" : "true"}}));
  }
}

// What happens one right after the other is told at once.
void Keeping::tell() {
  if (!happened_.empty()) note_events(engine_.places, happened_);
  happened_.clear();
}

void Keeping::leave_networks() {
  if (auto firewall = connecting_.end()) tidier_.close_later(*std::move(firewall));
}

bool Keeping::take_down(cgroup::Group& group) const {
  if (state_.paused) (void)group.thaw();
  const bool oom_killed = group.oom_kills() != 0;
  (void)group.kill_all();
  (void)group.remove();
  return oom_killed;
}

Result<Exit> Keeping::attend(Launched launched) {
  runtime::Connections connections = std::move(launched.streams.connections);
  connections.companion = &clients_;
  connections.tap = &clients_;
  connections.terminal = std::move(launched.running.terminal);
  if (caller_ == Caller::kConnected) connect_caller(connections, attached_, record_.interactive);
  group_ = &launched.running.cgroup;
  init_ = &launched.running.init;
  if (health_) health_->begin();
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(launched.running.init, std::move(connections), *signals_));
  group_ = nullptr;
  init_ = nullptr;
  if (health_) health_->end();
  log_->flush();
  Exit end;
  end.status = status.shell_status();
  end.oom_killed = take_down(launched.running.cgroup);
  leave_networks();
  state_.paused = paused_ = false;
  end.started = state_.started;
  end.finished = sys::now_text();
  end.stopped = stopping_;
  end.restarts = restarts_.count();
  if (end.oom_killed) happens("oom");
  happens("die", {{"exitCode", std::to_string(end.status)}});
  happens_to_networks("disconnect");
  happens_to_volumes("unmount");
  if (!record_.auto_remove) tell();
  if (end.oom_killed && status.signalled) say_oom();
  return end;
}

void Keeping::say_oom() {
  const char* const text = "the container was killed because it needed more memory than its limit";
  if (caller_ == Caller::kConnected && hooks_.say) hooks_.say(text);
  clients_.say(text);
}

Result<> Keeping::record_end(const Exit& exit) {
  if (record_.auto_remove) {
    TRY_SET(std::string left, retire_container(engine_.places, record_.id, &record_));
    tidier_.remove_later(std::move(left), prepared_.lock.borrow());
    happens("destroy");
    tell();
    remove_anonymous_volumes(engine_.places, record_);
    return {};
  }
  TRY(write_exit(engine_.places, record_.id, exit));
  drop_state(engine_.places, record_.id);
  (void)sys::unlink_at(engine_.places.run_dir.borrow(), control_socket(record_.id).c_str());
  return {};
}

void Keeping::record_failure(const Error& error) {
  take_down_cgroup(prepared_.spec.linux_.cgroups_path);
  if (prepared_.fresh && !last_) {
    (void)erase_container(engine_.places, record_.id, &record_);
    remove_anonymous_volumes(engine_.places, record_);
    return;
  }
  constexpr int kNotStarted = 128;
  Exit rest = last_.value_or(prepared_.rest);
  rest.status = exit_status(error, kNotStarted);
  rest.error = error.to_string();
  (void)record_end(rest);
}

// False if it is not to be started after all.
Result<bool> Keeping::wait_for_next(int milliseconds, const Exit& last) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  state_.restarting = true;
  state_.pid = 0;
  state_.last_status = last.status;
  state_.started = last.finished;
  state_.restarts = restarts_.count();
  TRY(write_state(engine_.places, record_.id, state_));
  clients_.finish(last.status, false);
  const std::int64_t end = sys::monotonic_ns() + milliseconds * kNsPerMs;
  std::vector<pollfd> set;
  while (!stopping_) {
    const std::int64_t left = end - sys::monotonic_ns();
    if (left <= 0) return true;
    set = {{.fd = signals_->fd().get(), .events = POLLIN, .revents = 0}};
    clients_.watch(set);
    TRY(sys::wait_ready(set, static_cast<int>(left / kNsPerMs) + 1));
    while (const auto signal = signals_->take())
      stopping_ = stopping_ || (*signal == SIGTERM || *signal == SIGINT);
    clients_.serve(std::span<const pollfd>(set).subspan(1));
  }
  return false;
}

// Whether it is to be started again; when it is time for that.
Result<bool> Keeping::goes_on(const Exit& end) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  const std::int64_t ran = (sys::monotonic_ns() - began_) / kNsPerMs;
  const bool forced = std::exchange(forced_, false);
  if (stopping_) return false;
  const int wait = forced ? 0 : restarts_.next(end.status, ran);
  if (wait < 0) return false;
  return wait_for_next(wait, end);
}

Error Keeping::not_started(Error error) {
  leave_networks();
  record_failure(error);
  if (last_) clients_.finish(exit_status(error, 128), true);
  return error;
}

Result<int> Keeping::run() {
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  signals_.emplace(std::move(signals));
  if (caller_ == Caller::kAway) TRY(listen());
  while (true) {
    auto launched = launch();
    if (!launched) return std::unexpected(not_started(std::move(launched).error()));
    if (!last_ && hooks_.started) hooks_.started();
    TRY(listen());
    TRY_SET(Exit end, attend(*std::move(launched)));
    TRY_SET(const bool again, goes_on(end));
    last_ = end;
    if (again) continue;
    end.stopped = stopping_;
    TRY(record_end(end));
    clients_.finish(end.status, true);
    return end.status;
  }
}

void Keeping::unhealthy() {
  const OnUnhealthy action = record_.health.action;
  if (init_ == nullptr || action == OnUnhealthy::kNone) return;
  forced_ = action == OnUnhealthy::kRestart;
  stopping_ = stopping_ || action == OnUnhealthy::kStop;
  const int asked = sys::signal_number(record_.stop_signal);
  const int gentle = asked == 0 ? SIGTERM : asked;
  (void)init_->send_signal(action == OnUnhealthy::kStop ? gentle : SIGKILL);
  // As `stop` does it.
  constexpr std::int64_t kMsPerSecond = 1000;
  if (action == OnUnhealthy::kStop && record_.stop_timeout >= 0)
    health_->remind(record_.stop_timeout * kMsPerSecond, [this] {
      if (init_ != nullptr) (void)init_->send_signal(SIGKILL);
    });
}

}  // namespace planet::engine
