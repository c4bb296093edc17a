// The root of somebody else's mount namespace, as a mount of our own.
//
// Source: setns(2), open_tree(2).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/detached_mount.h"

namespace planet::fs {

// A copy of the root that the process behind `pidfd` sees, with all that is mounted below if `recursive`. What is mounted
// or unmounted there later changes nothing here, and nothing here is seen there. A process of ours enters that mount
// namespace and takes the copy: nothing that lies there is executed or loaded.
Result<DetachedMount> clone_root_of(BorrowedFd pidfd, bool recursive);

// `mounts`, each attached at its path below the root, in their order, as one tree with `root`. A path that is not there
// is passed over: whoever has one made would make it in a root that is not his.
struct Attachment {
  std::string path;
  DetachedMount mount;
};
Result<DetachedMount> assemble(DetachedMount root, std::vector<Attachment> mounts);

}  // namespace planet::fs
