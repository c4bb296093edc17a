// Group: the control group of one container, in every hierarchy that matters on this host.
//
// v2: one directory. v1: a directory in each of the hierarchies pids, memory, cpuacct and devices - a limit of
// processes, the account of memory and time, and the device rules are what every container has - and in those
// where something was asked for. Entering a v1 hierarchy costs a quarter of a millisecond of making, moving and
// removing, so the others are left alone.
//
// Source: cgroups(7); OCI runtime-spec config-linux.md#cgroups-path.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cgroup/host.h"
#include "cgroup/resources.h"
#include "oci/spec.h"

namespace planet::cgroup {

class Group {
 public:
  // Makes the group `path` ("/planet/ID") below the root of each hierarchy, with the limits set, and nobody in it.
  // After a failure the group is gone again.
  // Errors: kInvalidArgument - a path with "..", or resources that contradict each other; kAlreadyExists - the group
  // is there; kNotFound - a controller that was asked for is absent; else the kernel's, saying what was asked.
  static Result<Group> create(const Host& host, std::string_view path,
                              const oci::Resources& resources);

  // The group as it is, in whichever hierarchies have it.
  static Result<Group> open(const Host& host, std::string_view path);

  Result<> add(pid_t pid) const;

  // True if the kernel has killed one of the group's processes for want of memory.
  bool oom_killed() const;

  // Kills whatever is in the group: for containers whose init is not there to take the rest with it.
  Result<> kill_all() const;

  // Removes the group and those below it. Dying processes hold a group for a moment: retried for a second.
  Result<> remove();

 private:
  struct Part {
    std::string controller;
    UniqueFd parent;  // the directory above
    std::string name;
    UniqueFd dir;
  };
  explicit Group(Layout layout) : layout_(layout) {}
  const Part* part(std::string_view controller) const;
  Result<> make_part(const Hierarchy& hierarchy, const std::vector<std::string>& path,
                     const std::vector<std::string>& controllers);
  Result<> find_part(const Hierarchy& hierarchy, const std::vector<std::string>& path);
  Result<> make_parts(const Host& host, std::string_view path, const std::vector<Write>& writes);
  Result<> apply(const std::vector<Write>& writes) const;

  Layout layout_;
  std::vector<Part> parts_;
};

}  // namespace planet::cgroup
