// The beginning of a container, which create and restore have in common: what is asked for, judged and completed, and its
// record.
//
// Source: OCI runtime-spec runtime.md#create, config.md; the habits of `runc`.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "runtime/container_group.h"
#include "runtime/launch.h"
#include "runtime/saved.h"
#include "runtime/systemd_group.h"

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

// For a process that is to be executed in a container of this spec: capabilities without a name in capabilities(7), or that
// we have not ourselves, are warned of and left out, as config.md#linux-process wants; then it is judged.
// Errors: as oci::validate_process.
Result<> complete_process(const oci::Spec& spec, oci::Process& process, const Warn& warn);

// Judges the spec, makes its paths absolute and chooses its control group.
Result<> complete(CreateRequest& request);

// root.path, which is relative to the bundle.
std::string root_path(const CreateRequest& request);

struct Begun {
  Saved container;
  std::optional<SystemdGroup> systemd;  // who makes the control group, if it is systemd
};

// Records the container of a completed request, whose control group systemd may place; who called takes the record back if
// nothing comes of it. That others are in its control group is warned of.
// Errors: kAlreadyExists; kInvalidArgument - no name for a unit of systemd's.
Result<Begun> begin(const SavedContainers& containers, CreateRequest& request);

}  // namespace planet::runtime
