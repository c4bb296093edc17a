#include "engine/start.h"

#include "base/strings.h"
#include "base/undo.h"
#include "engine/keeper.h"
#include "engine/prepare.h"
#include "engine/reserve.h"
#include "image/staging.h"
#include "runtime/own_program.h"
#include "runtime/probe.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace planet::engine {
namespace {

constexpr int kPatience = 10'000;  // milliseconds

// What run learns from its launch, create must try.
Result<bool> private_users_for(const Engine& engine, const RunRequest& request,
                               const RunHooks& hooks) {
  if (!wants_private_users(request)) return false;
  const auto tried = [&]() -> Result<> {
    TRY_SET(const image::Staging staging, image::Staging::open(engine.store.dir()));
    return runtime::probe_private_users(engine.places.root + "/" + staging.path());
  }();
  if (tried) return true;
  TRY(without_private_users(request, tried.error(), hooks));
  return false;
}

// At rest, and locked; none if it runs already.
Result<std::optional<Container>> take_at_rest(const Engine& engine, const std::string& id,
                                              UniqueFd& lock) {
  for (int ms = 0;; ++ms) {
    TRY_SET(const Container container, settle(engine.places, id));
    TRY(check_whole(container));
    if (container.status == Status::kPaused)
      return fail(Code::kWrongState, "container " + container.record.name +
                                         " is paused; `planet unpause` lets it go on");
    if (is_up(container.status)) return std::nullopt;
    auto locked = lock_container(engine.places, id, 1);
    if (!locked && (locked.error().code() != Code::kWrongState || ms >= kPatience))
      return std::unexpected(std::move(locked).error());
    if (!locked) continue;
    lock = *std::move(locked);
    // As it is now that nobody else can change it.
    TRY_SET(Container now, look_at(engine.places, id));
    return std::optional(std::move(now));
  }
}

Result<int> attach_again(const Engine& engine, const std::string& id, const StartOptions& options,
                         const RunHooks& hooks) {
  TRY_SET(const Container container, look_at(engine.places, id));
  AttachOptions attached;
  attached.input = options.interactive;
  attached.detach_keys = options.detach_keys;
  attached.say = hooks.say;
  TRY_SET(const std::optional<int> status, attach(engine, container, attached));
  return status.value_or(0);
}

}  // namespace

Result<std::string> create(const Engine& engine, const RunRequest& request, const RunHooks& hooks) {
  TRY_SET(const bool private_users, private_users_for(engine, request, hooks));
  if (!private_users) TRY(runtime::leave_writable_program());
  Prepared prepared;
  prepared.fresh = false;
  Undo undo;
  TRY_SET(prepared.image, find_image(engine, request, hooks));
  TRY(prepare(engine, request, private_users, prepared, undo));
  TRY(write_exit(engine.places, prepared.record.id, {.never_started = true}));
  note_event(engine.places, *prepared.created);
  undo.commit();
  return prepared.record.id;
}

Result<int> start(const Engine& engine, const std::string& id, const StartOptions& options,
                  const RunHooks& hooks) {
  UniqueFd lock;
  TRY_SET(const std::optional<Container> container, take_at_rest(engine, id, lock));
  if (!container) return options.attach ? attach_again(engine, id, options, hooks) : Result<int>(0);
  if (!container->record.private_users) TRY(runtime::leave_writable_program());
  TRY(remove_left_group(*container));
  TRY_SET(Prepared prepared, prepare_again(engine, *container, std::move(lock)));
  drop_exit(engine.places, id);
  if (options.attach)
    return keep_attached(engine, prepared,
                         {.in = options.interactive && container->record.interactive},
                         options.detach_keys, hooks);
  TRY(keep_detached(engine, prepared, hooks));
  return 0;
}

namespace {

// One of --rm would be gone after its end: its keeper starts it again.
Result<> restart_by_keeper(const Places& places, const Container& container, int timeout) {
  const std::string& id = container.record.id;
  TRY_SET(const UniqueFd init, open_init(container));
  TRY(ask_keeper(places, id, "restart"));
  TRY(end_container(places, container, init.borrow(), timeout));
  for (int ms = 0; ms < kPatience; ++ms) {
    TRY_SET(const Container now, look_at(places, id), "restart " + container.record.name);
    if (now.state && !now.state->restarting && now.state->pid != container.state->pid) return {};
    sys::sleep_ms(1);
  }
  return fail(Code::kSystem, "container " + container.record.name +
                                 " has ended and its keeper has not started it again; see `planet "
                                 "logs " +
                                 container.record.name + "`");
}

}  // namespace

Result<> restart(const Engine& engine, const std::string& id, std::optional<int> timeout,
                 const RunHooks& hooks) {
  TRY_SET(const Container container, look_at(engine.places, id));
  const int patience = timeout.value_or(container.record.stop_timeout);
  if (container.record.auto_remove && is_up(container.status)) {
    TRY(restart_by_keeper(engine.places, container, patience));
  } else {
    TRY(stop_container(engine.places, container, patience));
    TRY(start(engine, id, {}, hooks));
  }
  note_event(engine.places, container_event(container.record, "restart"));
  return {};
}

namespace {

// docker's: always means always, unless-stopped what it says, and a failure is one also if nobody saw it.
bool is_to_run(const Container& container) {
  if (container.status != Status::kExited) return false;
  const bool stopped = container.exit && container.exit->stopped;
  switch (container.record.restart.when) {
    case Restart::kNo:
      return false;
    case Restart::kAlways:
      return true;
    case Restart::kUnlessStopped:
      return !stopped;
    case Restart::kOnFailure:
      return !stopped && (!container.exit || container.exit->status != 0);
  }
  return false;
}

}  // namespace

Result<> start_restarting(
    const Engine& engine, const RunHooks& hooks,
    const std::function<void(const std::string& name, const Error&)>& failed) {
  TRY_SET(const std::vector<Container> containers, list_containers(engine.places));
  for (const Container& container : containers) {
    if (!is_to_run(container)) continue;
    const auto started = start(engine, container.record.id, {}, hooks);
    if (!started) failed(container.record.name, started.error());
  }
  return {};
}

Result<> rename(const Engine& engine, const Container& container, const std::string& name) {
  TRY(check_whole(container));
  // One of two that change a record at once comes second, and reads what the first has written.
  TRY_SET(const UniqueFd lock, lock_records(engine.places));
  TRY_SET(Record record, read_record(engine.places, container.record.id));
  if (record.name == name)
    return fail(Code::kWrongState, "container " + name + " has that name already");
  TRY(take_name(engine.places, name, record.id));
  const std::string before = std::exchange(record.name, name);
  if (const Result<> written = write_record(engine.places, record); !written) {
    release_name(engine.places, name, record.id);
    return written;
  }
  release_name(engine.places, before, record.id);
  if (is_up(container.status)) (void)ask_keeper(engine.places, record.id, "reload");
  note_event(engine.places, container_event(record, "rename", {{"oldName", "/" + before}}));
  return {};
}

Result<> pause(const Engine& engine, const Container& container, bool on) {
  TRY(check_whole(container));
  const std::string& name = container.record.name;
  if (container.status != Status::kRunning && container.status != Status::kPaused)
    return fail(Code::kWrongState, "container " + name + " is not running");
  TRY(ask_keeper(engine.places, container.record.id, on ? "pause" : "unpause"));
  note_event(engine.places, container_event(container.record, on ? "pause" : "unpause"));
  return {};
}

Result<UniqueFd> pause_meanwhile(const Engine& engine, const Container& container) {
  TRY_SET(UniqueFd keeper, connect_to_keeper(engine.places, container.record.id));
  TRY(ask(keeper.borrow(), "hold"));
  return keeper;
}

Result<std::optional<int>> attach(const Engine& engine, const Container& container,
                                  AttachOptions options) {
  TRY(check_whole(container));
  const Record& record = container.record;
  if (container.status == Status::kPaused)
    return fail(Code::kWrongState, "container " + record.name + " is paused; unpause it first");
  if (!is_up(container.status))
    return fail(Code::kWrongState, "container " + record.name + " is not running; start it first");
  options.terminal = record.terminal;
  options.input = options.input && record.interactive;
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  TRY_SET(const UniqueFd keeper, connect_to_keeper(engine.places, record.id));
  TRY(send_attach(keeper.borrow(), options));
  TRY_SET(const Ended ended, be_client(keeper.borrow(), options, signals));
  return ended.status;
}

namespace {

// As the keeper says it; nothing if it is gone without a word.
std::optional<Result<int>> end_from_keeper(const Engine& engine, const std::string& id) {
  constexpr std::size_t kMostMessage = 4096;
  const auto keeper = connect_to_keeper(engine.places, id);
  if (!keeper || !sys::send_message(keeper->borrow(), "wait")) return std::nullopt;
  while (true) {
    const auto message = sys::receive_message(keeper->borrow(), kMostMessage);
    if (!message || message->bytes.empty()) return std::nullopt;
    if (message->bytes.starts_with("exit "))
      return parse_number<int>(std::string_view(message->bytes).substr(5), "exit status");
  }
}

}  // namespace

Result<int> wait(const Engine& engine, const std::string& id) {
  while (true) {
    TRY_SET(const Container container, settle(engine.places, id));
    if (!is_up(container.status)) return container.exit ? container.exit->status : 137;
    if (auto ended = end_from_keeper(engine, id)) return *std::move(ended);
    sys::sleep_ms(1);
  }
}

}  // namespace planet::engine
