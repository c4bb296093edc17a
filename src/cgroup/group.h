// Group: the control group of one container, in every hierarchy that matters on this host.
//
// v2: one directory. v1: a directory in each of the hierarchies pids, memory, cpuacct and devices - a limit of
// processes, the account of memory and time, and the device rules are what every container has - and in those
// where something was asked for. Making and removing a group in a v1 hierarchy costs a tenth of a millisecond, so the
// others are left alone.
//
// Source: cgroups(7); OCI runtime-spec config-linux.md#cgroups-path; kernel kernel/cgroup/cgroup.c.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "cgroup/host.h"
#include "cgroup/resources.h"
#include "oci/spec.h"

namespace planet::cgroup {

// The quick ways into a group. To move a process by its number (`add`) the kernel stops every fork of the machine,
// for which it waits out an RCU grace period: 10 ms where others work. It need not for a process that is born in a
// v2 group, nor (v1) for a thread that moves itself.
struct Doors {
  UniqueFd birthplace;  // v2: for sys::CloneRequest.cgroup; invalid on v1
  std::vector<UniqueFd>
      tasks;  // v1: a file of each hierarchy, opened with the rights of who made the group
  Result<> enter() const;  // v1: the calling process, which has one thread, enters. v2: nothing
};

// What to do with a group that is there already: engines make one in advance, or put several containers into one.
enum class Existing : std::uint8_t { kRefuse, kTake };

// In which v1 hierarchies a group is made. Engines above planet-runtime read figures of all of them.
enum class Width : std::uint8_t { kNeeded, kAll };

// The path as the kernel shows it: "a//b/" is "/a/b".
// Errors: kInvalidArgument - "..", or too deep.
Result<std::string> normal_path(std::string_view path);

class Group {
 public:
  Group() = default;  // in no hierarchy: nobody enters, nothing is removed

  // Makes the group `path` ("/planet/ID") below the root of each hierarchy, with the limits set, and nobody in it.
  // After a failure what was made is gone again.
  // Errors: kInvalidArgument - a path with "..", or too deep, or resources that contradict each other; kAlreadyExists - the group
  // is there, and is not to be taken; kWrongState - it, or one above, is frozen:
  // whoever enters it stops; kNotFound - a controller that was asked for is absent; else the kernel's, saying what was asked.
  static Result<Group> create(const Host& host, std::string_view path,
                              const oci::Resources& resources, Width width = Width::kNeeded,
                              Existing existing = Existing::kRefuse);

  // The group as it is, in whichever hierarchies have it.
  static Result<Group> open(const Host& host, std::string_view path);

  // Goes on as the group `below`: "PATH" from the present one in every hierarchy, or "memory,cpu:PATH" in some (v1).
  // Errors: kNotFound - there is none; kInvalidArgument - a path with "..", an unknown controller.
  Result<> descend(std::string_view below);

  // Moves a process in. Slow: see Doors.
  Result<> add(pid_t pid) const;
  Result<Doors> doors() const;

  bool exists() const { return !parts_.empty(); }

  // All that are in the group and in those below it.
  Result<std::vector<pid_t>> processes() const;

  // Sets limits of a group in use; what `resources` does not name stays as it is. Not atomic: after an error, what was
  // written before it keeps its new value.
  // Errors: as create; kWrongState - more memory in use than the new limit, with memory.checkBeforeUpdate.
  Result<> update(const oci::Resources& resources) const;

  // Stops every process of the group, or lets them go on; returns when it is done.
  // Errors: kUnsupported - v1, and the group is not in the freezer's hierarchy.
  Result<> freeze() const;
  Result<> thaw() const;
  bool frozen() const;

  Layout layout() const { return layout_; }

  // The text of one control file.
  // Errors: kNotFound - the group is not in that controller's hierarchy, or the kernel has no such file.
  Result<std::string> read(std::string_view controller, const char* file) const;

  // How many of the group's processes the kernel has killed for want of memory.
  std::uint64_t oom_kills() const;

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
    bool made = false;  // by create; not there before
    Result<> descend(const std::vector<std::string>& path);
  };
  explicit Group(Layout layout) : layout_(layout) {}
  const Part* part(std::string_view controller) const;
  Result<> make_part(const Hierarchy& hierarchy, const std::vector<std::string>& path,
                     const std::vector<std::string>& controllers, const std::vector<Write>& writes,
                     Existing existing);
  Result<> find_part(const Hierarchy& hierarchy, const std::vector<std::string>& path);
  Result<> make_parts(const Host& host, std::string_view path, const std::vector<Write>& writes,
                      Width width, Existing existing);
  Result<> apply(const std::vector<Write>& writes) const;
  bool stops_processes() const;  // frozen, or about to be
  Result<> check_memory_in_use(const oci::Memory& memory) const;

  Layout layout_ = Layout::kLegacy;
  std::vector<Part> parts_;
};

}  // namespace planet::cgroup
