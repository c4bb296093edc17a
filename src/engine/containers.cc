#include "engine/containers.h"

#include <signal.h>

#include <algorithm>
#include <ctime>
#include <limits>
#include <set>

#include "base/strings.h"
#include "cgroup/group.h"
#include "engine/container_dirs.h"
#include "engine/control.h"
#include "engine/disconnect.h"
#include "engine/events.h"
#include "engine/health.h"
#include "engine/reserve.h"
#include "engine/spec_plan.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace planet::engine {
namespace {

bool is_alive(pid_t pid, std::uint64_t ticks) {
  const auto now = sys::start_ticks(pid);
  return now && *now == ticks;
}

// Of this boot, and of a process that lives: the container's, or between two of them its keeper's.
bool is_current(const State& state) {
  return state.boot_id == boot_id() &&
         (state.restarting ? is_alive(state.keeper, state.keeper_ticks)
                           : is_alive(state.pid, state.start_ticks));
}

Result<> wait_for_end(BorrowedFd pidfd, int timeout_ms, bool& ended) {
  pollfd wait{.fd = pidfd.get(), .events = POLLIN, .revents = 0};
  TRY_SET(const int ready, sys::wait_ready(std::span(&wait, 1), timeout_ms));
  ended = ready > 0;
  return {};
}

Result<> kill_and_wait(BorrowedFd init) {
  Result<> killed = sys::send_signal(init, SIGKILL);
  if (!killed && killed.error().code() != Code::kNotFound) return killed;
  bool ended = false;
  return wait_for_end(init, -1, ended);
}

// With whoever is still in it.
Result<> remove_cgroup(const std::string& path) {
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(cgroup::Group group, cgroup::Group::open(host, path));
  TRY(group.kill_all());
  return group.remove();
}

// The link of a directory that leads to the id.
std::optional<std::string> link_of(const Places& places, const char* dir_name,
                                   const std::string& id) {
  const auto dir = sys::open_at(places.root_dir.borrow(), dir_name, O_RDONLY | O_DIRECTORY);
  if (!dir) return std::nullopt;
  const auto names = sys::list_dir(dir->borrow());
  if (!names) return std::nullopt;
  for (const std::string& name : *names) {
    const auto owner = sys::read_link_at(dir->borrow(), name.c_str());
    if (owner && *owner == id) return name;
  }
  return std::nullopt;
}

// What is known of a container without its record.
Record salvage(const Places& places, const std::string& id, const std::optional<State>& state) {
  Record record;
  record.id = id;
  record.name = link_of(places, "names", id).value_or(id.substr(0, kShortId));
  if (const auto range = link_of(places, "ranges", id))
    if (const auto number = parse_number<int>(*range, "range")) record.range = *number;
  record.cgroup = state && !state->cgroup.empty() ? state->cgroup : cgroup_path("", id);
  return record;
}

}  // namespace

const char* status_name(Status status) {
  constexpr const char* kNames[] = {"created", "created",    "running",
                                    "paused",  "restarting", "exited"};
  return kNames[static_cast<std::size_t>(status)];
}

bool is_up(Status status) {
  return status == Status::kRunning || status == Status::kPaused || status == Status::kRestarting;
}

Result<UniqueFd> lock_container(const Places& places, const std::string& id, int milliseconds) {
  TRY_SET(UniqueFd dir, sys::open_at(places.root_dir.borrow(), ("containers/" + id).c_str(),
                                     O_RDONLY | O_DIRECTORY));
  // Others take it for an instant, to see whether somebody holds it.
  for (int ms = 0; !sys::try_lock_exclusive(dir.borrow()); ++ms) {
    if (ms >= milliseconds)
      return fail(Code::kWrongState, "container " + id.substr(0, kShortId) + " is being kept");
    sys::sleep_ms(1);
  }
  return dir;
}

Result<UniqueFd> lock_records(const Places& places) {
  TRY_SET(UniqueFd names, sys::open_at(places.root_dir.borrow(), "names", O_RDONLY | O_DIRECTORY));
  TRY(sys::lock_exclusive(names.borrow()));
  return names;
}

Result<> check_whole(const Container& container) {
  if (!container.damage) return {};
  return fail(Code::kCorrupt, "container " + container.record.name +
                                  " is damaged: " + container.damage->to_string() +
                                  "; remove it with `planet rm -f`");
}

Result<std::string> find_container(const Places& places, const std::string& text) {
  const auto named = sys::read_link_at(places.root_dir.borrow(), ("names/" + text).c_str());
  if (named && text.find('/') == std::string::npos) return *named;
  TRY_SET(const std::vector<std::string> ids, container_ids(places));
  std::optional<std::string> found;
  for (const std::string& id : ids) {
    if (text.empty() || !id.starts_with(text)) continue;
    if (found)
      return fail(Code::kInvalidArgument,
                  "container id " + quote(text) + " is ambiguous; give more digits");
    found = id;
  }
  if (!found)
    return fail(Code::kNotFound, "no such container: " + printable(text.substr(0, 200)) +
                                     "; `planet ps -a` lists them");
  return *found;
}

namespace {

Status status_of(const State& state) {
  if (state.restarting) return Status::kRestarting;
  return state.paused ? Status::kPaused : Status::kRunning;
}

// One at rest has said so, and drops that before it starts: most have no state, which needs no look then. Between the two
// looks it may have ended.
void look_at_life(const Places& places, const std::string& id, Container& container) {
  container.exit = read_exit(places, id);
  if (container.exit) return;
  container.state = read_state(places, id);
  if (!container.state) container.exit = read_exit(places, id);
}

}  // namespace

Result<Container> look_at(const Places& places, const std::string& id) {
  auto record = read_record(places, id);
  if (!record && record.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, "no such container: " + printable(id));
  Container container;
  look_at_life(places, id, container);
  if (record) {
    container.record = *std::move(record);
  } else {
    container.damage = std::move(record).error();
    container.record = salvage(places, id, container.state);
  }
  if (container.state && !is_current(*container.state)) container.state.reset();
  if (container.state) {
    container.status = status_of(*container.state);
    return container;
  }
  // No state and no exit: made, and started by a keeper that is still at it, or died at it.
  const bool at_rest = container.exit || !keeper_lives(places, id);
  const bool new_one = container.exit && container.exit->never_started;
  container.status = !at_rest ? Status::kChanging : new_one ? Status::kCreated : Status::kExited;
  return container;
}

Result<UniqueFd> open_init(const Container& container) {
  const auto not_running = [&] {
    return fail(Code::kWrongState, "container " + container.record.name + " is not running");
  };
  if (!container.state || container.state->restarting) return not_running();
  // First the descriptor, then the check: it cannot come to mean another process in between.
  auto pidfd = sys::open_pidfd(container.state->pid);
  if (!pidfd && pidfd.error().code() != Code::kNotFound) return pidfd;
  if (!pidfd || !is_alive(container.state->pid, container.state->start_ticks)) return not_running();
  return pidfd;
}

// Its keeper is told that the end which comes now is wanted. A keeper that is not there starts nothing again.
void stop_restarts(const Places& places, const Container& container) {
  if (container.record.restart.when != Restart::kNo && is_up(container.status))
    (void)ask_keeper(places, container.record.id, "stop");
}

namespace {

void note_kill(const Places& places, const Container& container, int signal) {
  note_event(places,
             container_event(container.record, "kill", {{"signal", std::to_string(signal)}}));
}

}  // namespace

Result<> kill_container(const Places& places, const Container& container, int signal) {
  TRY_SET(const UniqueFd init, open_init(container));
  const bool final =
      signal == SIGKILL || signal == sys::signal_number(container.record.stop_signal);
  if (final) stop_restarts(places, container);
  TRY(sys::send_signal(init.borrow(), signal));
  note_kill(places, container, signal);
  if (signal == SIGKILL && container.status == Status::kPaused)
    (void)ask_keeper(places, container.record.id, "unpause");
  return {};
}

void wait_for_keeper(const Places& places, const Container& container) {
  constexpr int kPatience = 10'000;
  if (container.state) {
    const auto keeper = sys::open_pidfd(container.state->keeper);
    bool ended = false;
    if (keeper && is_alive(container.state->keeper, container.state->keeper_ticks))
      (void)wait_for_end(keeper->borrow(), kPatience, ended);
    return;
  }
  // Its process is over, and so is what is known of its keeper, who may still be taking it down.
  for (int ms = 0; ms < kPatience && keeper_lives(places, container.record.id); ++ms)
    sys::sleep_ms(1);
}

Result<Container> settle(const Places& places, const std::string& id) {
  constexpr int kPatience = 10'000;
  TRY_SET(Container now, look_at(places, id));
  for (int ms = 0; ms < kPatience && now.status == Status::kChanging; ++ms) {
    sys::sleep_ms(1);
    TRY_SET(now, look_at(places, id));
  }
  return now;
}

namespace {

// Nothing that is frozen hears a signal.
void let_go_on(const Places& places, const Container& container) {
  if (container.status == Status::kPaused) (void)ask_keeper(places, container.record.id, "unpause");
}

Result<> kill_thawed(const Places& places, const Container& container, BorrowedFd init) {
  const Result<> killed = sys::send_signal(init, SIGKILL);
  if (killed) note_kill(places, container, SIGKILL);
  let_go_on(places, container);
  return killed ? kill_and_wait(init) : killed;
}

// Ends whatever runs of it. It may be gone before it is asked.
Result<> end_now(const Places& places, const Container& container) {
  stop_restarts(places, container);
  const auto init = open_init(container);
  if (init) return kill_thawed(places, container, init->borrow());
  if (init.error().code() == Code::kWrongState) return {};
  return std::unexpected(init.error());
}

// False if somebody starts it at this moment.
Result<bool> remove_settled(const Places& places, const Container& container, bool force) {
  constexpr int kPatience = 10'000;  // for a keeper to take it down
  constexpr int kInstant = 20;
  const std::string& id = container.record.id;
  if (container.status == Status::kChanging)
    return fail(Code::kWrongState,
                "container " + container.record.name + " is being started; try again");
  const bool up = is_up(container.status);
  if (up && !force)
    return fail(Code::kWrongState, "container " + container.record.name + " is " +
                                       status_name(container.status) +
                                       "; stop it first, or remove it with -f");
  if (up) TRY(end_now(places, container));
  const auto lock = lock_container(places, id, up ? kPatience : kInstant);
  // A keeper of --rm has removed it by now.
  if (!lock && lock.error().code() == Code::kNotFound) return true;
  if (!lock && lock.error().code() == Code::kWrongState) return false;
  if (!lock) return std::unexpected(lock.error());
  // Somebody may have changed it meanwhile: what counts is what it is now.
  const auto now = look_at(places, id);
  if (!now && now.error().code() == Code::kNotFound) return true;
  TRY(remove_cgroup(container.record.cgroup));
  const Record& record = now ? now->record : container.record;
  TRY(erase_container(places, id, &record));
  note_event(places, container_event(record, "destroy"));
  return true;
}

}  // namespace

Result<> end_container(const Places& places, const Container& container, BorrowedFd init,
                       int timeout) {
  const int signal = sys::signal_number(container.record.stop_signal);
  const int gentle = signal == 0 ? SIGTERM : signal;
  TRY(sys::send_signal(init, gentle));
  note_kill(places, container, gentle);
  let_go_on(places, container);
  bool ended = false;
  constexpr int kMilliseconds = 1000;
  constexpr int kMostSeconds = std::numeric_limits<int>::max() / kMilliseconds;  // 24 days
  const int patience = timeout < 0 ? -1 : std::min(timeout, kMostSeconds) * kMilliseconds;
  TRY(wait_for_end(init, patience, ended));
  return ended ? Result<>() : kill_thawed(places, container, init);
}

Result<> stop_container(const Places& places, const Container& looked_at, int timeout) {
  const auto settled = settle(places, looked_at.record.id);
  if (!settled) return {};  // removed meanwhile: it is over
  const Container& container = *settled;
  stop_restarts(places, container);
  const auto init = open_init(container);
  if (!init && init.error().code() == Code::kWrongState) {
    wait_for_keeper(places, container);
    return {};  // it is over: what was asked
  }
  if (!init) return std::unexpected(init.error());
  TRY(end_container(places, container, init->borrow(), timeout));
  wait_for_keeper(places, container);
  note_event(places, container_event(container.record, "stop"));
  return {};
}

Result<std::string> retire_container(const Places& places, const std::string& id,
                                     const Record* record) {
  const BorrowedFd root = places.root_dir.borrow();
  drop_state(places, id);
  disconnect(places, id);
  (void)sys::unlink_at(places.run_dir.borrow(), control_socket(id).c_str());
  if (record != nullptr && !record->health.test.empty()) drop_health(places, id);
  // From one moment to the next it is no container any more, whenever this is killed. A full disk may have no room for
  // another name: then it is removed where it is.
  const std::string dir = "containers/" + id;
  const std::string removed = dir + kRemoved;
  const bool renamed = sys::rename_at(root, dir.c_str(), root, removed.c_str()).has_value();
  if (!renamed) TRY(sys::remove_tree_at(root, dir.c_str()));
  if (record != nullptr) {
    release_name(places, record->name, id);
    if (record->range) release_range(places, *record->range, id);
  }
  return renamed ? removed : "";
}

Result<> erase_container(const Places& places, const std::string& id, const Record* record) {
  TRY_SET(const std::string left, retire_container(places, id, record));
  return left.empty() ? Result<>() : sys::remove_tree_at(places.root_dir.borrow(), left.c_str());
}

Result<> remove_container(const Places& places, const Container& container, bool force) {
  constexpr int kAttempts = 500;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const auto settled = settle(places, container.record.id);
    if (!settled && settled.error().code() == Code::kNotFound) return {};  // its keeper has: --rm
    if (!settled) return std::unexpected(settled.error());
    TRY_SET(const bool removed, remove_settled(places, *settled, force));
    if (removed) return {};
  }
  return fail(Code::kWrongState,
              "container " + container.record.name + " is started again and again; try again");
}

Result<> remove_left_group(const Container& container) {
  if (container.exit) return {};  // its keeper has lived to take it down
  return remove_cgroup(container.record.cgroup);
}

Result<> discard_container(const Places& places, const std::string& id, const std::string& cgroup) {
  (void)remove_cgroup(cgroup);
  return erase_container(places, id, nullptr);
}

}  // namespace planet::engine
