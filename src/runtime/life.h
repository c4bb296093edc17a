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
#include "runtime/creation.h"
#include "runtime/saved.h"

namespace planet::runtime {

// Everything but the command. After a failure nothing is left.
// Errors: kAlreadyExists; else as launch.
Result<Created> create(const SavedContainers& containers, CreateRequest request);

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

// The parts of remove that a restore has, too.

// Removes the control group, and systemd's unit, unless others are in it.
Result<> remove_group(const Saved& container);

// Waits some seconds for the end of an init that has been killed.
// Errors: kSystem - it lives.
Result<> wait_for_end(const Saved& container);

}  // namespace planet::runtime
