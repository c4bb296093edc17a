// The control group file systems as a container sees them at /sys/fs/cgroup.
//
// Source: cgroup_namespaces(7); OCI runtime-spec config.md#mounts, type "cgroup".
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "cgroup/host.h"

namespace planet::cgroup {

// One file system to mount: below the mount's destination if `name` is not empty.
struct TreeMount {
  std::string name;  // "memory"
  std::string type;  // "cgroup", "cgroup2"
  std::vector<std::string>
      controllers;  // options of a v1 hierarchy: "cpu", "cpuacct", or "name=systemd"
  std::string own;  // v1: the caller's group in it, "/planet/ID"
};

struct Tree {
  Layout layout = Layout::kUnified;
  std::vector<TreeMount> mounts;
};

// From the text of /proc/self/cgroup, which names every hierarchy with its controllers and the caller's group. Only of the
// hierarchies in which that is `group`: in another the container has no group of its own, and would see the
// host's. Pure.
Tree plan_tree(Layout layout, std::string_view proc_self_cgroup, std::string_view group);

}  // namespace planet::cgroup
