#include "engine/keeper.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>

#include "base/strings.h"
#include "base/undo.h"
#include "cgroup/group.h"
#include "engine/containers.h"
#include "engine/log.h"
#include "engine/streams.h"
#include "engine/volume_use.h"
#include "engine/volumes.h"
#include "sys/command_line.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace planet::engine {
namespace {

// The control group of the container: asked what happened, and removed.
bool take_down(cgroup::Group& group) {
  const bool oom_killed = group.oom_kills() != 0;
  (void)group.kill_all();
  (void)group.remove();
  return oom_killed;
}

// After a launch that failed, at whatever step.
void take_down_cgroup(const std::string& path) {
  const auto host = cgroup::Host::open();
  if (!host) return;
  auto group = cgroup::Group::open(*host, path);
  if (group) (void)take_down(*group);
}

// Where the container's input comes from, and its output goes to beside the log.
enum class Caller : std::uint8_t { kConnected, kAway };

State state_of(const Record& record, pid_t init) {
  State state;
  state.pid = init;
  state.start_ticks = sys::start_ticks(init).value_or(0);
  state.keeper = sys::own_pid();
  state.keeper_ticks = sys::start_ticks(state.keeper).value_or(0);
  state.boot_id = boot_id();
  state.started = sys::now_text();
  state.cgroup = record.cgroup;
  return state;
}

Result<> record_end(const Engine& engine, const Record& record, const Exit& exit) {
  if (record.auto_remove) {
    TRY(erase_container(engine.places, record.id, &record));
    remove_anonymous_volumes(engine.places, record);
    return {};
  }
  TRY(write_exit(engine.places, record.id, exit));
  drop_state(engine.places, record.id);
  return {};
}

// What a start that failed leaves: nothing, or a container at rest that says why.
void record_failure(const Engine& engine, const Prepared& prepared, const Error& error) {
  const Record& record = prepared.record;
  take_down_cgroup(prepared.spec.linux_.cgroups_path);
  if (prepared.fresh) {
    (void)erase_container(engine.places, record.id, &record);
    remove_anonymous_volumes(engine.places, record);
    return;
  }
  constexpr int kNotStarted = 128;
  Exit rest = prepared.rest;
  rest.status = exit_status(error, kNotStarted);
  rest.error = error.to_string();
  (void)record_end(engine, record, rest);
}

// Who removes an image does not wait for who starts it: a layer that the record named too late is gone, or was for a
// moment.
Error explain_loss(const Engine& engine, const Record& record, Error error) {
  const bool lost = std::ranges::any_of(record.layers, [&](const std::string& layer) {
    return error.what().contains(layer) || !engine.store.has_layer(layer);
  });
  if (!lost) return error;
  return Error(Code::kNotFound, "image " + quote(record.image) + " was removed meanwhile");
}

Result<runtime::Running> start(const Prepared& prepared, const Streams& streams,
                               const RunHooks& hooks) {
  oci::Spec spec = prepared.spec;
  TRY_SET(const std::vector<UniqueFd> pinned, pin_subpaths(prepared.record, spec));
  runtime::LaunchRequest launch{.spec = spec, .root = prepared.root};
  launch.stdio = streams.stdio();
  launch.user = prepared.user;
  launch.groups = prepared.record.groups;
  launch.default_seccomp = prepared.record.seccomp_off ? runtime::DefaultSeccomp::kNone
                                                       : runtime::DefaultSeccomp::kOwnProfile;
  launch.init_reaper = prepared.record.init_reaper;
  launch.die_with_parent = true;
  launch.log = hooks.log;
  return runtime::launch(launch);
}

// A terminal that nobody holds still has a size that programs can live with.
void set_first_size(const Record& record, Caller caller, const runtime::Running& running) {
  if (!record.terminal || caller == Caller::kConnected) return;
  constexpr winsize kClassic = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  (void)sys::set_window_size(running.terminal.borrow(), kClassic);
}

struct Launched {
  runtime::Running running;
  Streams streams;
  State state;
};

Result<Launched> launch_recorded(const Engine& engine, const Prepared& prepared, Caller caller,
                                 const RunHooks& hooks) {
  const Record& record = prepared.record;
  TRY_SET(Streams streams, Streams::make(record.interactive, record.terminal));
  auto started = start(prepared, streams, hooks);
  if (!started) return std::unexpected(explain_loss(engine, record, std::move(started).error()));
  runtime::Running running = *std::move(started);
  streams.close_container_ends();
  set_first_size(record, caller, running);
  State state = state_of(record, running.init.pid());
  // One that is over already has no start time: its end is recorded next.
  if (state.start_ticks != 0) TRY(write_state(engine.places, record.id, state));
  return Launched{
      .running = std::move(running), .streams = std::move(streams), .state = std::move(state)};
}

Result<int> keep_with(const Engine& engine, const Prepared& prepared, Caller caller,
                      const RunHooks& hooks) {
  const Record& record = prepared.record;
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  auto launched = launch_recorded(engine, prepared, caller, hooks);
  if (!launched) {
    record_failure(engine, prepared, launched.error());
    return std::unexpected(std::move(launched).error());
  }
  if (hooks.started) hooks.started();

  LogWriter log(engine.places, record.id);
  runtime::Connections connections = std::move(launched->streams.connections);
  connections.tap = &log;
  connections.terminal = std::move(launched->running.terminal);
  if (caller == Caller::kConnected) connect_caller(connections, record.interactive);
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(launched->running.init, std::move(connections), signals));
  log.flush();
  Exit end;
  end.status = status.shell_status();
  end.oom_killed = take_down(launched->running.cgroup);
  end.started = launched->state.started;
  end.finished = sys::now_text();
  TRY(record_end(engine, record, end));
  if (end.oom_killed && status.signalled && hooks.say)
    hooks.say("the container was killed because it needed more memory than its limit");
  return end.status;
}

std::string failure_text(const Error& error) {
  return std::to_string(static_cast<int>(error.code())) + " " + std::to_string(error.sys_errno()) +
         " " + error.what();
}

Error parse_failure(const std::string& text) {
  const auto words = split(text, ' ');
  const auto code = parse_number<int>(words.front(), "code");
  const auto err = words.size() > 1 ? parse_number<int>(words[1], "errno") : Result<int>(0);
  if (!code || !err || words.size() < 3)
    return Error(Code::kInternal, "the keeper died before the container started");
  const std::size_t at = static_cast<std::size_t>(words[2].data() - text.data());
  return Error::from_wire(static_cast<Code>(*code), *err, text.substr(at));
}

// What a keeper in the background keeps of its caller: nothing. Its streams are nobody's.
Result<> leave_caller() {
  TRY(sys::new_session());
  TRY_SET(const UniqueFd null, sys::open_at(sys::kCwd, "/dev/null", O_RDWR));
  for (int fd = 0; fd < 3; ++fd) TRY(sys::place_fd(null.borrow(), fd));
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  return sys::change_dir(top.borrow());
}

}  // namespace

Result<int> keep(const Engine& engine, const Prepared& prepared, const RunHooks& hooks) {
  return keep_with(engine, prepared, Caller::kConnected, hooks);
}

Result<> keep_detached(const Engine& engine, const Prepared& prepared, const RunHooks& hooks) {
  TRY_SET(auto ends, sys::packet_socket_pair());
  TRY_SET(sys::Child keeper, sys::clone_process({}));
  if (!keeper.valid()) {
    ends.first.reset();
    UniqueFd report = std::move(ends.second);
    const auto kept = [&]() -> Result<int> {
      TRY(leave_caller());
      (void)sys::set_name("planet:[keeper]");
      // Its caller's arguments name the values of -e, and ps shows them to everybody.
      TRY(sys::set_command_line("planet: keeper of " + prepared.record.id.substr(0, kShortId)));
      // No core file: what it knows of the container's environment is not for the disk.
      (void)sys::set_dumpable(false);
      RunHooks own = hooks;
      own.started = [&] {
        (void)sys::send_message(report.borrow(), "started");
        report.reset();
        ::malloc_trim(0);
      };
      return keep_with(engine, prepared, Caller::kAway, own);
    }();
    if (!kept && report.valid())
      (void)sys::send_message(report.borrow(), failure_text(kept.error()));
    sys::exit_now(0);
  }
  ends.second.reset();
  TRY_SET(const sys::Message message, sys::receive_message(ends.first.borrow(), 16384));
  if (message.bytes != "started") return std::unexpected(parse_failure(message.bytes));
  (void)keeper.release();
  return {};
}

}  // namespace planet::engine
