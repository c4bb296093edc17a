#include "engine/keeper.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include "base/strings.h"
#include "base/undo.h"
#include "cgroup/group.h"
#include "engine/containers.h"
#include "engine/log.h"
#include "engine/streams.h"
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

Result<> record_start(const Engine& engine, const Record& record, pid_t init) {
  const pid_t self = sys::own_pid();
  const auto init_ticks = sys::start_ticks(init);
  const auto own_ticks = sys::start_ticks(self);
  if (!init_ticks || !own_ticks) return {};  // over already: the end is recorded next
  return write_state(engine.places, record.id,
                     {.pid = init,
                      .start_ticks = *init_ticks,
                      .keeper = self,
                      .keeper_ticks = *own_ticks,
                      .boot_id = boot_id(),
                      .started = sys::now_text(),
                      .cgroup = record.cgroup});
}

Result<> record_end(const Engine& engine, const Record& record, int status, bool oom_killed) {
  if (record.auto_remove) return erase_container(engine.places, record.id, &record);
  TRY(write_exit(engine.places, record.id,
                 {.status = status, .oom_killed = oom_killed, .finished = sys::now_text()}));
  drop_state(engine.places, record.id);
  return {};
}

Result<runtime::Running> start(const RunRequest& request, const Prepared& prepared,
                               const Streams& streams, const RunHooks& hooks) {
  runtime::LaunchRequest launch{.spec = prepared.spec, .root = prepared.root};
  launch.stdio = streams.stdio();
  launch.user = prepared.user;
  launch.groups = request.groups;
  launch.default_seccomp = request.seccomp_off || request.privileged
                               ? runtime::DefaultSeccomp::kNone
                               : runtime::DefaultSeccomp::kOwnProfile;
  launch.init_reaper = request.init;
  launch.die_with_parent = true;
  launch.log = hooks.log;
  return runtime::launch(launch);
}

// A terminal that nobody holds still has a size that programs can live with.
void set_first_size(const RunRequest& request, const runtime::Running& running) {
  if (!request.terminal || !request.detach) return;
  constexpr winsize kClassic = {.ws_row = 24, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  (void)sys::set_window_size(running.terminal.borrow(), kClassic);
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

Result<int> keep(const Engine& engine, const RunRequest& request, const Prepared& prepared,
                 const RunHooks& hooks, const std::function<void()>& started) {
  const Record& record = prepared.record;
  Undo undo;
  undo.add([&] {
    take_down_cgroup(prepared.spec.linux_.cgroups_path);
    (void)erase_container(engine.places, record.id, &record);
  });
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  TRY_SET(Streams streams, Streams::make(request.interactive && !request.detach, request.terminal));
  TRY_SET(runtime::Running running, start(request, prepared, streams, hooks));
  streams.close_container_ends();
  set_first_size(request, running);
  TRY(record_start(engine, record, running.init.pid()));
  undo.commit();
  started();

  LogWriter log(engine.places, record.id);
  streams.connections.tap = &log;
  streams.connections.terminal = std::move(running.terminal);
  if (!request.detach) connect_caller(streams.connections, request.interactive);
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(running.init, std::move(streams.connections), signals));
  log.flush();
  const bool oom_killed = take_down(running.cgroup);
  TRY(record_end(engine, record, status.shell_status(), oom_killed));
  if (oom_killed && status.signalled && hooks.say)
    hooks.say("the container was killed because it needed more memory than its limit");
  return status.shell_status();
}

Result<> keep_detached(const Engine& engine, const RunRequest& request, const Prepared& prepared,
                       const RunHooks& hooks) {
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
      return keep(engine, request, prepared, hooks, [&] {
        (void)sys::send_message(report.borrow(), "started");
        report.reset();
        ::malloc_trim(0);
      });
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
