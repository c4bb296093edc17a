// A container's control group, from the launch's point of view.
#pragma once

#include <sys/types.h>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/mount_options.h"
#include "oci/spec.h"

namespace planet::runtime {

// Makes the group linux.cgroupsPath with the spec's resources and moves the process into it. Without a path the
// process stays in the caller's group.
Result<> enter_cgroup(const oci::Linux& spec, pid_t process);

// Moves one more process into the group, which exists.
Result<> join_cgroup(const oci::Linux& spec, pid_t process);

// Mounts the control group file systems that this host has at `place`, as seen from the caller's cgroup namespace.
Result<> mount_cgroup_tree(BorrowedFd place, const fs::MountOptions& options);

}  // namespace planet::runtime
