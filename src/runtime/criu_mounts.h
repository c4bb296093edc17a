// The mounts of a container that come from the host, on both sides of a checkpoint: which they are, and where criu finds
// them again.
//
// criu makes mounts of the file systems that it has saved. What was bound into the container it is told: by a key when it
// saves, by a path when it restores. At that path is a bind that has the attributes of the mount already, since criu does
// not give them to the second of two mounts that show the same file.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/criu_arguments.h"
#include "runtime/plan.h"

namespace planet::runtime {

// "mnt[PLACE]:KEY" for each masked path that is still covered.
std::vector<std::string> external_masks(const oci::Linux& spec,
                                        const std::vector<MountLine>& mounts);

// The name by which a network or pid namespace that exists already is found again.
std::string namespace_key(oci::NamespaceType type);

// Everything that criu needs to find, mounted below `stage`, an empty directory, in a mount namespace of the calling
// process's own: it goes away with it.
struct Stage {
  std::string root;                   // the root filesystem, a mount as criu wants it
  std::vector<std::string> external;  // "mnt[KEY]:PATH"
};
Result<Stage> set_stage(const std::string& stage, const std::string& root, const Plan& plan,
                        const oci::Linux& spec);

// Makes the root of `init` read-only: criu needs it writable, to make a directory in it. The calling process is in that
// container's mount namespace afterwards, so it is one that ends then.
Result<> close_root(pid_t init);

// Gives the host's cgroup2 back its options (nsdelegate), which criu takes from it: to look at the groups it mounts them
// without any, and they belong to the one file system that all mounts show.
class CgroupOptions {
 public:
  CgroupOptions();
  CgroupOptions(const CgroupOptions&) = delete;
  CgroupOptions& operator=(const CgroupOptions&) = delete;
  CgroupOptions(CgroupOptions&&) = delete;
  CgroupOptions& operator=(CgroupOptions&&) = delete;
  ~CgroupOptions();

 private:
  MountLine before_;
};

}  // namespace planet::runtime
