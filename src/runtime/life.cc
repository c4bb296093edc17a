#include "runtime/life.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "base/undo.h"
#include "runtime/gate.h"
#include "runtime/hooks.h"
#include "runtime/notify.h"
#include "runtime/systemd_group.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/signals.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

std::unexpected<Error> wrong_state(const Saved& container, const char* what) {
  return fail(Code::kWrongState, std::string(what) + " container " + quote(container.id) +
                                     ", which is " +
                                     std::string(oci::status_name(full_status(container))));
}

bool has_new_pids(const oci::Spec& spec) {
  const oci::Namespace* pids = oci::find_namespace(spec.linux_, oci::NamespaceType::kPid);
  return pids != nullptr && pids->path.empty();
}

Result<> run_late_hooks(const Saved& container, const std::vector<oci::Hook>& hooks,
                        const char* name, oci::Status status) {
  if (hooks.empty()) return {};
  TRY_SET(const UniqueFd bundle,
          sys::open_at(sys::kCwd, container.bundle.c_str(), O_PATH | O_DIRECTORY));
  return run_hooks(hooks, name, bundle.borrow(), oci::write_state(state_of(container, status)));
}

// Each by itself: one that fails is no reason to leave out the next, or to call the deletion failed.
void run_poststop_hooks(const Saved& container) {
  for (const oci::Hook& hook : container.spec.hooks.poststop)
    (void)run_late_hooks(container, {hook}, "poststop", oci::Status::kStopped);
}

// What works by the control group only.
Result<cgroup::Group> group_in_use(const Saved& container) {
  if (container.spec.linux_.cgroups_path.empty())
    return fail(Code::kUnsupported, "container " + quote(container.id) +
                                        " has no control group, which its caller may not make; "
                                        "there is no other way to limit or stop it");
  return open_group(container);
}

Result<> signal_all(const Saved& container, int signal) {
  TRY_SET(const cgroup::Group group, open_group(container));
  if (signal == SIGKILL && group.exists()) return group.kill_all();
  TRY_SET(const std::vector<pid_t> pids, processes_of(container));
  for (const pid_t pid : pids)
    if (const auto process = sys::open_pidfd(pid))
      (void)sys::send_signal(process->borrow(), signal);
  return {};
}

}  // namespace

// When init, process 1, has ended, so have all of its container's: who is in the group still is somebody else's, is left
// alone, and needs the group. A container that shares its process ids may have left processes.
Result<> remove_group(const Saved& container) {
  TRY_SET(cgroup::Group group, open_group(container));
  if (!container.shares_group && !has_new_pids(container.spec)) TRY(group.kill_all());
  TRY_SET(const std::vector<pid_t> others, group.processes());
  if (!others.empty()) return {};
  TRY(group.remove());
  // Also when systemd has removed the group itself: it remembers a unit that has failed, as by want of memory.
  return container.unit.empty() ? Result<>() : stop_unit(container.unit);
}

Result<> wait_for_end(const Saved& container) {
  const auto init = open_init(container);
  if (!init) return {};
  pollfd query{.fd = init->borrow().get(), .events = POLLIN, .revents = 0};
  constexpr int kPatience = 10'000;
  TRY_SET(const int ready, sys::wait_ready(std::span(&query, 1), kPatience));
  if (ready > 0) return {};
  return fail(Code::kSystem, "its init does not die");
}

oci::Status full_status(const Saved& container) {
  const oci::Status status = status_of(container);
  if (status != oci::Status::kRunning && status != oci::Status::kCreated) return status;
  const auto group = open_group(container);
  return group && group->frozen() ? oci::Status::kPaused : status;
}

Result<Created> create(const SavedContainers& containers, CreateRequest request) {
  TRY(complete(request));
  if (request.notify)
    plan_notify_socket(request.spec, containers.path() + "/" + request.id + "/" + kNotifyDirName);
  TRY_SET(Begun begun, begin(containers, request));
  auto& [container, systemd] = begun;
  Undo undo;  // ends before what its steps use
  undo.add([&] { (void)containers.remove(container.id); });
  if (request.notify) TRY(sys::make_dir_at(container.dir.borrow(), kNotifyDirName, 0755));
  TRY_SET(const UniqueFd gate, sys::listen_at(container.dir.borrow(), kGateName));
  undo.add([&] { (void)remove_group(container); });
  LaunchRequest launch_request{.spec = container.spec,
                               .root = DirectoryRoot{.path = root_path(request)}};
  launch_request.stdio = request.stdio;
  launch_request.extra_fds = std::move(request.extra_fds);
  launch_request.state = state_of(container, oci::Status::kCreating);
  launch_request.gate = gate.borrow();
  launch_request.rights = request.rights;
  launch_request.new_keyring = request.new_keyring;
  launch_request.log = request.log;
  if (systemd) launch_request.place = [&](pid_t init) { return systemd->start(init); };
  launch_request.cgroup_width = cgroup::Width::kAll;
  launch_request.cgroup_existing = cgroup::Existing::kTake;
  auto running = launch(launch_request);
  if (!running) {
    // Also after a failure of the hooks before them: runtime.md#lifecycle.
    undo.add([&] { run_poststop_hooks(container); });
    return std::unexpected(std::move(running).error());
  }
  TRY(note_init(container, running->init.pid()));
  undo.commit();
  return Created{.container = std::move(container), .running = *std::move(running)};
}

Result<> start(const Saved& container) {
  if (full_status(container) != oci::Status::kCreated)
    return wrong_state(container, "cannot start");
  if (!container.spec.process)
    return fail(Code::kInvalidArgument,
                "process is missing in the configuration: nothing to start");
  if (Result<> opened = open_gate(container.dir.borrow()); !opened) {
    // An engine deletes at once what did not start, and gives up on a container that is not stopped yet.
    if (opened.error().code() != Code::kWrongState) (void)wait_for_end(container);
    return opened;
  }
  Result<> hooked =
      run_late_hooks(container, container.spec.hooks.poststart, "poststart", oci::Status::kRunning);
  if (!hooked) (void)kill(container, SIGKILL, false);
  return hooked;
}

Result<> kill(const Saved& container, int signal, bool all) {
  if (all) return signal_all(container, signal);
  const auto init = open_init(container);
  Result<> sent = init ? sys::send_signal(init->borrow(), signal) : Result<>();
  // In the words that containerd takes for "it has ended already".
  if (!init || (!sent && sent.error().sys_errno() == ESRCH))
    return fail(Code::kWrongState,
                "cannot kill container " + quote(container.id) + ": container not running");
  TRY(std::move(sent));
  // v1: what is frozen does not die until it is thawed. v2 kills it.
  if (signal == SIGKILL)
    if (const auto group = open_group(container); group && group->frozen()) return group->thaw();
  return {};
}

Result<> remove(const SavedContainers& containers, const Saved& container, bool force) {
  const oci::Status status = full_status(container);
  const bool lives = status == oci::Status::kRunning || status == oci::Status::kPaused ||
                     status == oci::Status::kCreated;
  if (lives && !force) return wrong_state(container, "cannot delete");
  if (lives) {
    // It may have ended since we looked.
    Result<> killed = kill(container, SIGKILL, false);
    if (!killed && killed.error().code() != Code::kWrongState) return killed;
    TRY(wait_for_end(container));
  }
  TRY(remove_group(container));
  TRY(containers.remove(container.id));
  run_poststop_hooks(container);
  return {};
}

Result<> update(const Saved& container, const oci::Resources& resources) {
  if (status_of(container) == oci::Status::kStopped)
    return fail(Code::kWrongState, "container " + quote(container.id) + " has ended");
  TRY_SET(const cgroup::Group group, group_in_use(container));
  TRY(group.update(resources));
  return container.unit.empty() ? Result<>() : update_unit(container.unit, resources);
}

Result<> pause(const Saved& container) {
  const oci::Status status = full_status(container);
  if (status != oci::Status::kRunning && status != oci::Status::kCreated)
    return wrong_state(container, "cannot pause");
  TRY_SET(const cgroup::Group group, group_in_use(container));
  return group.freeze();
}

Result<> resume(const Saved& container) {
  if (full_status(container) != oci::Status::kPaused)
    return wrong_state(container, "cannot resume");
  TRY_SET(const cgroup::Group group, open_group(container));
  return group.thaw();
}

}  // namespace planet::runtime
