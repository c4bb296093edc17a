// A container's control group, from the launch's point of view.
#pragma once

#include <sys/types.h>

#include <optional>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cgroup/group.h"
#include "cgroup/tree.h"
#include "fs/mount_options.h"
#include "oci/spec.h"

namespace planet::runtime {

// Without linux.cgroupsPath there is none, and the process stays in the caller's. On v2 a process is born in its group,
// which comes first; on v1 it enters, and its caller makes the group while it makes its network.
class CgroupEntry {
 public:
  // Makes the group with the spec's resources. After a failure what was made is gone.
  static Result<CgroupEntry> make(const oci::Linux& spec, cgroup::Width width,
                                  cgroup::Existing existing);
  // The group of a container that is there, or those below it that `below` names ("PATH", "memory,cpu:PATH").
  static Result<CgroupEntry> find(const oci::Linux& spec, const std::vector<std::string>& below);

  // True if the group of this spec can be made when its process is there already.
  static Result<bool> comes_later(const oci::Linux& spec);

  // v2: for the clone that makes the process; none where there is no clone3.
  std::optional<BorrowedFd> birthplace() const;
  // v1: the new process enters. v2: it was born there.
  Result<> enter() const;
  // v1: the files by which it does, for a process that did not inherit them.
  std::vector<BorrowedFd> tasks() const;
  // The caller's: moves the process in if it could neither be born there nor enter.
  Result<> add_if_outside(pid_t process) const;

  // The group itself, once nobody enters any more.
  cgroup::Group group() && { return std::move(group_); }

 private:
  static Result<CgroupEntry> of(cgroup::Group group);
  cgroup::Group group_;
  cgroup::Doors doors_;
  bool clone3_ = false;
};

// The control group file systems of the container `spec`, whose init calls this from its group, before it enters a cgroup
// namespace, where every path is "/".
Result<cgroup::Tree> own_cgroup_tree(const oci::Linux& spec);

// Mounts `tree` at `place`: the `whole` of it, as a cgroup namespace shows it; else, on v1, of each hierarchy the
// container's own group.
Result<> mount_cgroup_tree(BorrowedFd place, const cgroup::Tree& tree, bool whole,
                           const fs::MountOptions& options);

}  // namespace planet::runtime
