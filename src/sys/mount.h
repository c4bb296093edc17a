// The mount API of descriptors (Linux 5.2 to 5.12), one function per call.
//
// Source: fsopen(2), fsconfig(2), fsmount(2), open_tree(2), move_mount(2), mount_setattr(2), pivot_root(2);
// kernel Documentation/filesystems/mount_api.rst.
#pragma once

#include <linux/mount.h>

#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

Result<UniqueFd> fs_open(const char* type);
Result<> fs_set_flag(BorrowedFd context, const char* key);
Result<> fs_set_string(BorrowedFd context, const char* key, const char* value);
Result<> fs_set_fd(BorrowedFd context, const char* key, BorrowedFd value);
// The superblock. The error carries the kernel's own words from the context's log, where it has any.
Result<> fs_create(BorrowedFd context);
// fspick(2): the superblock that is mounted at `place`, to be given other options.
Result<UniqueFd> fs_pick(BorrowedFd place);
Result<> fs_reconfigure(BorrowedFd context);
Result<UniqueFd> fs_mount(BorrowedFd context, std::uint64_t attributes);  // MOUNT_ATTR_*

// A detached copy of the mount at `path` (OPEN_TREE_CLONE), with those below it if `recursive`; an empty
// `path` means `dir` itself.
Result<UniqueFd> open_tree_clone(BorrowedFd dir, const char* path, bool recursive);

// Moves the mount `from` (its root, by descriptor) onto the file that `onto` is.
Result<> move_mount(BorrowedFd from, BorrowedFd onto);

Result<> mount_set_attr(BorrowedFd mount, const mount_attr& attr, bool recursive);

// Shows the mount through the id map of the user namespace `user_ns`.
// Errors: kUnsupported or kInvalidArgument - the file system or the kernel cannot.
Result<> mount_set_id_map(BorrowedFd mount, BorrowedFd user_ns, bool recursive);

// Makes the current directory "/" and detaches the old root with all that was mounted below and over it. That nothing
// of it is left is checked: who enters the mount namespace later (setns(2)) starts at the topmost mount of its root.
// Errors: kInternal - something is still mounted over the new root.
Result<> pivot_root_here();

Result<> unmount_detached(const char* path);  // MNT_DETACH, UMOUNT_NOFOLLOW

// mount(2), for kernels whose overlayfs takes no descriptors. `target` is a path under /proc/self/fd.
Result<> mount_legacy(const char* type, const char* target, const char* options);

}  // namespace planet::sys
