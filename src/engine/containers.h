// The containers that are here: finding, judging, signalling and removing them. No process of ours watches them: what
// is said of a container is computed from its files and from the kernel, so it is true after any crash.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/places.h"
#include "engine/record.h"

namespace planet::engine {

enum class Status : std::uint8_t {
  kCreated,   // never started
  kChanging,  // being started, or its end being recorded: known in a moment
  kRunning,
  kPaused,
  kRestarting,  // it has ended, and its keeper waits to start it again
  kExited
};
// "running", as docker calls it; kChanging is "created".
const char* status_name(Status status);
// Running, paused or restarting: somebody keeps it, and only `stop` ends that.
bool is_up(Status status);

struct Container {
  Record record;
  // Why its record cannot be read, as after a loss of power. Then `record` has what else is known: id, name, range and
  // control group, so that it can be stopped and removed.
  std::optional<Error> damage;
  Status status = Status::kChanging;
  std::optional<State> state;  // of one that is up
  std::optional<Exit> exit;    // of one at rest that has said how it got there
};

// By name, id, or the beginning of an id that only one has.
// Errors: kNotFound; kInvalidArgument - several begin so.
Result<std::string> find_container(const Places& places, const std::string& text);

Result<Container> look_at(const Places& places, const std::string& id);

// The full ids of all, in no order; without what is left of those that are being removed.
Result<std::vector<std::string>> container_ids(const Places& places);

// All, newest first. What a crash has left of containers that were to be removed is removed.
Result<std::vector<Container>> list_containers(const Places& places);

// The lock of a container's directory, which its keeper holds all the time that it keeps it. Whoever starts, changes or
// removes one at rest takes it. Waits up to `milliseconds`.
// Errors: kNotFound; kWrongState - somebody keeps it.
Result<UniqueFd> lock_container(const Places& places, const std::string& id, int milliseconds);

// Held while a record that exists is changed.
Result<UniqueFd> lock_records(const Places& places);

// As look_at, but waits until it is known whether one that is changing is up or at rest: ten seconds at most.
Result<Container> settle(const Places& places, const std::string& id);

// Errors: kCorrupt - its record cannot be read.
Result<> check_whole(const Container& container);

// A pidfd of the container's init, checked to be the very process.
// Errors: kWrongState - it does not run.
Result<UniqueFd> open_init(const Container& container);

// Sends a signal to init. One that is to end it ends its restart policy, too.
Result<> kill_container(const Places& places, const Container& container, int signal);

// For whoever ends a container: its policy does not start it again.
void stop_restarts(const Places& places, const Container& container);

// Asks with its stop signal, waits up to `timeout` seconds (less than 0: for ever), then kills. What its keeper does next is its
// own matter.
Result<> end_container(const Places& places, const Container& container, BorrowedFd init,
                       int timeout);
// The same, and its keeper starts it no more; returns when its end is recorded.
Result<> stop_container(const Places& places, const Container& container, int timeout);

// Waits until the process that keeps the container has finished with it.
void wait_for_keeper(const Places& places, const Container& container);

// Removes what is left of the container: control group, files, name, range. `force` kills it first. One that is just
// being started or taken down is waited for.
// Errors: kWrongState - it runs, and no force; it is still being started after ten seconds.
Result<> remove_container(const Places& places, const Container& container, bool force);

// The control group of a container whose keeper died, with whoever is still in it.
Result<> remove_left_group(const Container& container);

// What a start that failed has left of an id: control group, with whoever is still in it, and files.
Result<> discard_container(const Places& places, const std::string& id, const std::string& cgroup);

// The files and reservations of an id whose record may be missing or half made. After the first of these it is no container any
// more; returns the directory that is left to be removed, below the root directory, if one is.
Result<std::string> retire_container(const Places& places, const std::string& id,
                                     const Record* record);
Result<> erase_container(const Places& places, const std::string& id, const Record* record);

}  // namespace planet::engine
