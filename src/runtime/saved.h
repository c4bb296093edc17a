// Saved: a container as it lies on disk between the calls of a runtime: create, start, kill and delete are each a
// program of their own. ROOT/ID holds config.json, as it is in force; state.json, once init exists; and the gate
// (runtime/gate.h), as long as init waits at it.
//
// Source: OCI runtime-spec runtime.md#state, #lifecycle.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "oci/state.h"

namespace planet::runtime {

struct Saved {
  std::string id, bundle, created;  // created: RFC 3339, UTC
  pid_t init = 0;                   // 0: being created
  std::uint64_t init_ticks = 0;     // its start time: a pid alone says nothing
  bool shares_group = false;        // others were in its control group before it
  std::string unit;  // systemd's, that its control group is; empty: the group is ours
  std::vector<std::string>
      streams;  // what 0, 1 and 2 were when it was made: "pipe:[7]"; none with a terminal
  oci::Spec spec;
  UniqueFd dir;
};

// Where a runtime keeps its containers.
class SavedContainers {
 public:
  // Makes the directory, for its owner alone, if it is missing.
  static Result<SavedContainers> open(const std::string& root);

  const std::string& path() const { return path_; }

  // Reserves the id, with its directory, and writes the configuration.
  // Errors: kInvalidArgument - no id; kAlreadyExists.
  Result<Saved> add(const std::string& id, const std::string& bundle, oci::Spec spec) const;

  // Errors: kNotFound; kCorrupt - files of somebody else.
  Result<Saved> find(const std::string& id) const;

  Result<std::vector<std::string>> ids() const;
  Result<> remove(const std::string& id) const;

 private:
  SavedContainers(std::string path, UniqueFd root)
      : path_(std::move(path)), root_(std::move(root)) {}
  std::string path_;
  UniqueFd root_;
};

// Writes down who init is.
Result<> note_init(Saved& container, pid_t init);

// What it is doing now.
oci::Status status_of(const Saved& container);

// A pidfd of init, checked to be the very process.
// Errors: kWrongState - it has ended.
Result<UniqueFd> open_init(const Saved& container);

// What hooks and `state` are told.
oci::State state_of(const Saved& container, oci::Status status);

// Letters, digits and "_+-.", 1024 at most, and neither "." nor "..".
Result<> check_container_id(const std::string& id);

}  // namespace planet::runtime
