// Plan: every decision of a launch, made before anything is done. Pure: it reads the Spec, not the machine.
//
// Source: OCI runtime-spec, config.md, config-linux.md.
#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "fs/mount_options.h"
#include "oci/spec.h"
#include "runtime/rights.h"

namespace planet::runtime {

// Who builds a mount. A user namespace's init cannot reach the host's files nor make device nodes, so the
// parent does; the pseudo file systems belong to init's namespaces, so init does; the cgroup tree shows init's
// place in it, so it is mounted after init has got one. A remount makes nothing: init changes what is there.
// An ordinary user as parent has no rights at all: then init makes the parent's mounts, too (Plan::rights).
enum class Maker : std::uint8_t { kInit, kParentBind, kParentDev, kInitCgroup, kRemount };

struct PlannedMount {
  std::string destination;
  std::string type;
  std::string source;
  fs::MountOptions options;
  Maker maker = Maker::kInit;
  std::string root_label;  // SELinux's, for the root of what init makes
  std::vector<oci::IdMapping> uid_mappings, gid_mappings;  // of this mount, as the spec has them
  std::optional<oci::Device> device;  // what the source must be: the bind stands for a device node
};

struct NamespaceKind {
  std::uint64_t flag = 0;           // CLONE_NEW*
  const char* name = nullptr;       // the specification's: "network"
  const char* proc_name = nullptr;  // that of /proc/PID/ns: "net"
};

const NamespaceKind& kind_of(oci::NamespaceType type);

struct JoinedNamespace {
  NamespaceKind kind;
  std::string path;
};

struct Plan {
  Rights rights = Rights::kHost;
  // CLONE_NEW* of the new namespaces. Init's clone makes those that it must be born in; init itself makes the others:
  // a network takes half a millisecond, in which the parent has other work.
  std::uint64_t clone_flags = 0;
  std::uint64_t unshare_flags = 0;
  std::uint64_t join_flags = 0;         // for setns(2) of a process that joins init
  std::vector<JoinedNamespace> joined;  // those that exist
  bool user_ns = false;                 // new or joined
  bool new_time = false;
  bool new_cgroup_ns = false;
  std::vector<PlannedMount> mounts;
  fs::MountOptions root_propagation;       // linux.rootfsPropagation
  std::vector<oci::Device> devices;        // below /dev: the default ones, then the spec's
  std::vector<oci::Device> other_devices;  // elsewhere
  std::size_t parent_mounts = 0;           // how many of `mounts` are the parent's
};

// A spec that oci::validate has passed, or would: what that judges is not judged again.
// Errors: kInvalidArgument - the spec lacks what a launch needs, naming the field;
// kUnsupported - it asks for what this version cannot do, naming the field.
Result<Plan> plan_launch(const oci::Spec& spec, Rights rights = Rights::kHost);

// The part of the plan that one more process in the running container needs: its namespaces.
Result<Plan> plan_exec(const oci::Spec& spec, Rights rights = Rights::kHost);

}  // namespace planet::runtime
