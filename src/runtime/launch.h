// Launch: makes a container from a plain Spec. This is the story the whole program tells: new namespaces, a
// root filesystem of its own, /proc, a host name, fewer rights, exec.
//
// Source: OCI runtime-spec, config.md and config-linux.md; clone(2), namespaces(7).
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cgroup/group.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "runtime/rights.h"
#include "runtime/step.h"
#include "sys/process.h"

namespace planet::runtime {

// The root filesystem is a directory that is there already ...
struct DirectoryRoot {
  std::string path;
  bool id_mapped =
      false;  // shown through the container's id map: it belongs to the host's ids 0 to 65535
};

// ... or an overlay of read-only layers, topmost first, whose changes go to `upper`. With a user namespace
// the layers are mounted through its id map and must belong to the host's ids 0 to 65535; `upper` and `work`
// must belong to the container's root.
struct OverlayRoot {
  std::vector<std::string> layers;
  std::string upper;
  std::string work;
  bool is_volatile = false;  // its changes are not worth the disk: gone with the container
};

// Layers of another image, topmost first, at the place of the mount of this destination, whose source does not count; or
// what is at `subpath` in them. Through the id map of the user namespace, as the layers of the root.
struct LayersMount {
  std::string destination;
  std::vector<std::string> layers;
  std::string subpath;
};

// A mount that was made elsewhere and is nowhere yet, for the place of the mount of this destination, whose source does
// not count. It is attached as it is.
struct ReadyMount {
  std::string destination;
  BorrowedFd mount;
};

// What the caller makes of the container's own network while init makes its root; the command is executed when both are done.
struct NetworkWork {
  // In init, in that network namespace, where loopback is up: descriptors for ...
  std::function<Result<std::vector<UniqueFd>>()> inside;
  // ... the caller, by steps. When it has failed, what it has made is its own to take away.
  std::function<Result<>(const Steps& steps, pid_t init, std::vector<UniqueFd> made)> outside;
};

using RootSource = std::variant<DirectoryRoot, OverlayRoot>;

// What the container's first process gets as descriptors 0, 1, 2 when spec.process.terminal is false.
struct Stdio {
  BorrowedFd in, out, err;
};

// Which seccomp filter the command runs under when the spec has none.
enum class DefaultSeccomp : std::uint8_t { kNone, kOwnProfile };

// Hears, in a sentence each, of what was asked for and is passed over.
using Warn = std::function<void(const std::string& what)>;

struct LaunchRequest {
  const oci::Spec& spec;
  RootSource root;
  std::vector<LayersMount> layer_mounts;
  std::vector<ReadyMount> ready_mounts;
  std::optional<Stdio> stdio;         // must be set unless the spec asks for a terminal
  std::vector<BorrowedFd> extra_fds;  // become 3, 4, ... in the container
  std::optional<std::string>
      user;  // "name[:group]" or ids, looked up in the container's own passwd
             // and group files; overrides spec.process.user
  std::vector<std::string> groups;  // with `user`: more groups of its, names or ids
  DefaultSeccomp default_seccomp = DefaultSeccomp::kNone;
  Rights rights = Rights::kHost;  // ours
  // What hooks are told, but for pid and status; the bundle is where they are executed. Must be set if the spec has
  // hooks.
  std::optional<oci::State> state;
  // A socket that listens: init, complete, waits there for its start (runtime/gate.h) instead of executing the command.
  std::optional<BorrowedFd> gate;
  cgroup::Width cgroup_width = cgroup::Width::kNeeded;
  // Puts init where its group is to be by another's hand (systemd's), before the group is completed.
  std::function<Result<>(pid_t init)> place;
  cgroup::Existing cgroup_existing = cgroup::Existing::kRefuse;
  std::optional<NetworkWork> network;  // the spec has a network namespace
  bool new_keyring = true;             // else it keeps the caller's session keyring
  bool init_reaper = false;      // --init: a reaper of ours is process 1, the command its child
  bool die_with_parent = false;  // the kernel kills init when the launching process dies
  StepLog* log = nullptr;        // --explain; costs nothing when null
};

// A container whose command has been executed, or whose init waits at its gate.
struct Running {
  sys::Child init;    // destructor kills and reaps it, and so the container, unless released
  UniqueFd terminal;  // the pseudoterminal's master, if the spec asks for one
  cgroup::Group
      cgroup;  // launch: the group made for it, in no hierarchy if the spec names none. exec: in none
};

// Makes the container and starts its command. The cgroup named by spec.linux.cgroupsPath is made here and is
// the caller's to remove (cgroup/), also after a failure.
// After a failure no process and no mount is left.
// Errors: kCommandNotFound, kCommandNotRunnable - process.args[0]; kInvalidArgument - the spec;
// kUnsupported - this kernel; else that of the step, which the sentence names.
Result<Running> launch(const LaunchRequest& request);

}  // namespace planet::runtime
