// A container's life as the specification tells it, one operation a call: create, start, kill, delete, and what other
// runtimes add to it.
//
// Source: OCI runtime-spec runtime.md#lifecycle, #operations; the habits of `runc`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cgroup/group.h"
#include "runtime/container_group.h"
#include "runtime/launch.h"
#include "runtime/saved.h"

namespace planet::runtime {

struct CreateRequest {
  std::string id;
  std::string bundle;  // absolute
  oci::Spec spec;      // as in config.json; linux.cgroupsPath is chosen here where it is empty
  std::optional<Stdio> stdio;  // must be set unless the spec asks for a terminal
  std::vector<BorrowedFd> extra_fds;
  bool new_keyring = true;        // as in LaunchRequest
  Rights rights = Rights::kHost;  // ours
  GroupWish group = GroupWish::kIfAllowed;
  bool systemd_cgroup = false;  // systemd makes the control group (runtime/systemd_group.h)
  bool notify = false;  // the container gets a socket to say that it is ready (runtime/notify.h)
  Warn warn;            // must be set
  StepLog* log = nullptr;
};

struct Created {
  Saved container;
  Running running;  // init, which waits at its gate, and a terminal's master
};

// Everything but the command. After a failure nothing is left.
// Errors: kAlreadyExists; else as launch.
Result<Created> create(const SavedContainers& containers, CreateRequest request);

// For a process that is to be executed in a container of this spec: capabilities without a name in capabilities(7), or that
// we have not ourselves, are warned of and left out, as config.md#linux-process wants; then it is judged.
// Errors: as oci::validate_process.
Result<> complete_process(const oci::Spec& spec, oci::Process& process, const Warn& warn);

// Executes the command, then the poststart hooks. If one of those fails the container is killed.
// Errors: kWrongState - it is not created; kCommandNotFound, kCommandNotRunnable; else what hinders it.
Result<> start(const Saved& container);

// Sends a signal to init, or to all processes of the container.
// Errors: kWrongState - it has ended (not with `all`: it may have left processes behind).
Result<> kill(const Saved& container, int signal, bool all);

// Takes away all that is left, and executes the poststop hooks, whose failure is passed over as the specification
// wants. `force` kills first what has not ended.
// Errors: kWrongState - it has not ended, and no force.
Result<> remove(const SavedContainers& containers, const Saved& container, bool force);

// The status, with kPaused.
oci::Status full_status(const Saved& container);

// Errors: kWrongState - not running, not paused.
Result<> pause(const Saved& container);
Result<> resume(const Saved& container);

// Sets limits of a container that has not ended; what `resources` does not name stays.
// Errors: kWrongState - it has ended; else as cgroup::Group::update.
Result<> update(const Saved& container, const oci::Resources& resources);

// The parts of create and remove that a restore has, too.

// Judges the spec, makes its paths absolute and chooses its control group.
Result<> complete(CreateRequest& request);

// Whether others are in the control group that the spec names, which is warned of.
Result<bool> look_at_group(const CreateRequest& request);

// Removes the control group, and systemd's unit, unless others are in it.
Result<> remove_group(const Saved& container);

// The names of the caller's streams, by which a checkpoint knows them; none with a terminal.
std::vector<std::string> stream_names(const std::optional<Stdio>& stdio);

// root.path, which is relative to the bundle.
std::string root_path(const CreateRequest& request);

// Waits some seconds for the end of an init that has been killed.
// Errors: kSystem - it lives.
Result<> wait_for_end(const Saved& container);

}  // namespace planet::runtime
