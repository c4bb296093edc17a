// Birth: how a process comes into a container's namespaces and its control group.
//
// clone3 makes the new namespaces. Those that exist already are joined by a helper, which leaves behind a child that is
// born in them and is ours: a process cannot move itself into a pid namespace, nor set the clocks of a time namespace
// that it is in.
//
// Source: clone(2), CLONE_PARENT and CLONE_INTO_CGROUP; setns(2); time_namespaces(7).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sys/process.h"

namespace planet::runtime {

struct Birth {
  std::uint64_t clone_flags = 0;     // CLONE_NEW* of new namespaces
  std::function<Result<>()> join;    // the helper's part; without it there is no helper
  std::optional<BorrowedFd> cgroup;  // v2: where to be born; needs clone3
  // `join` gives up the right to put a process into the group, so the helper is born there already. So it is with a
  // user namespace, and with a cgroup namespace where the tree is mounted with nsdelegate, as systemd does: one may
  // not come from a group outside of it (clone3 says ENOENT).
  bool helper_in_cgroup = false;
};

// Like fork(2): in the new process, the child is empty.
// After a failure there is neither process nor helper.
Result<sys::Child> bear(const Birth& birth);

}  // namespace planet::runtime
