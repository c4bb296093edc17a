// Init's share of a container's mounts: it builds what belongs to its namespaces and puts everything in place.
// Every place is found by fs::Root, on descriptors; nothing is mounted on a path.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cgroup/tree.h"
#include "fs/detached_mount.h"
#include "fs/root.h"
#include "oci/spec.h"
#include "runtime/plan.h"
#include "runtime/step.h"

namespace planet::runtime {

// Takes the whole mount tree out of the host's propagation.
Result<> leave_host_mounts();

// The mounts of Maker::kInit, built; one entry for each of plan.mounts, invalid for the others.
Result<std::vector<fs::DetachedMount>> build_file_systems(const Plan& plan, const Steps& steps);

// Mounts `root` on `place`, where pivot_root can take it: over "/", or where hooks look for it. It is entered only by
// change_root.
Result<> attach_root(const fs::DetachedMount& root, const std::string& place);

// Attaches every mount of the plan in order, and does what it says of those that are there. `built` has init's and the
// parent's mounts, `cgroups` what a mount of type "cgroup" is.
Result<> attach_mounts(const fs::Root& root, const Plan& plan,
                       const std::vector<fs::DetachedMount>& built, const cgroup::Tree& cgroups,
                       const Steps& steps);

// An empty directory and an empty file on one read-only tmpfs that all masks of a container share.
// Made before attach_root: copies are taken of a mount that is attached (Linux before 6.15 wants that), so it
// lies over the old root's /dev and goes away with it.
class Mask {
 public:
  static Result<Mask> make();
  Result<> cover(BorrowedFd place) const;
  // Mounts `parts` below itself, to go away with it: for each that is dropped while it is mounted nowhere, the kernel
  // waits an RCU grace period (0.2 ms, more on a busy machine); for the old root's tree it waits once.
  Result<> take_along(const std::vector<fs::DetachedMount>& parts) const;
  // Gives the old root its /dev back, for hooks that still see it.
  static Result<> uncover_old_root();

 private:
  explicit Mask(fs::DetachedMount mount) : mount_(std::move(mount)) {}
  fs::DetachedMount mount_;
};

// Covers each path that exists.
Result<> mask_paths(const fs::Root& root, const Mask& mask, const std::vector<std::string>& paths,
                    const Steps& steps);

// Makes each path that exists read-only, with all below it.
Result<> make_paths_read_only(const fs::Root& root, const std::vector<std::string>& paths,
                              const Steps& steps);

// Where there is no tmpfs of the parent's at /dev: makes the plan's devices and links in what the root has there.
Result<> make_missing_devices(const fs::Root& root, const Plan& plan);

// Makes the attached root "/" and drops the host's tree.
Result<> change_root(const fs::DetachedMount& root, bool read_only);

// Then, since pivot_root(2) takes no shared root: what becomes of mounts made below it. A shared root shares with mount
// namespaces that are made of this one, not with the host.
Result<> set_root_propagation(const fs::MountOptions& propagation);

}  // namespace planet::runtime
