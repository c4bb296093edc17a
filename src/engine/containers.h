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

enum class Status : std::uint8_t { kCreated, kRunning, kExited };

struct Container {
  Record record;
  // Why its record cannot be read, as after a loss of power. Then `record` has what else is known: id, name, range and
  // control group, so that it can be stopped and removed.
  std::optional<Error> damage;
  Status status = Status::kCreated;
  std::optional<State> state;  // of a running one
  std::optional<Exit> exit;    // of one that has ended and said how
};

// By name, id, or the beginning of an id that only one has.
// Errors: kNotFound; kInvalidArgument - several begin so.
Result<std::string> find_container(const Places& places, const std::string& text);

Result<Container> look_at(const Places& places, const std::string& id);

// All, newest first. What a crash has left of containers that were to be removed is removed.
Result<std::vector<Container>> list_containers(const Places& places);

// Errors: kCorrupt - its record cannot be read.
Result<> check_whole(const Container& container);

// A pidfd of the container's init, checked to be the very process.
// Errors: kWrongState - it does not run.
Result<UniqueFd> open_init(const Container& container);

// Sends a signal to init.
Result<> kill_container(const Container& container, int signal);

// Asks with its stop signal, waits up to `timeout` seconds, then kills; returns when its end is recorded.
Result<> stop_container(const Places& places, const Container& container, int timeout);

// Waits until the process that keeps the container has finished with it.
void wait_for_keeper(const Places& places, const Container& container);

// Removes what is left of the container: control group, files, name, range. `force` kills it first. One that is just
// being started or taken down is waited for.
// Errors: kWrongState - it runs, and no force; it is still being started after ten seconds.
Result<> remove_container(const Places& places, const Container& container, bool force);

// What a start that failed has left of an id: control group, with whoever is still in it, and files.
Result<> discard_container(const Places& places, const std::string& id, const std::string& cgroup);

// The files and reservations of an id whose record may be missing or half made.
Result<> erase_container(const Places& places, const std::string& id, const Record* record);

}  // namespace planet::engine
