// DetachedMount: a mount that is nowhere yet. It is built completely - file system, attributes, id map - and
// attached last, so nobody ever sees it half made, and a failure half-way needs no unmount: the kernel drops the
// tree when the descriptor closes.
//
// Source: fsmount(2), open_tree(2), mount_setattr(2), move_mount(2).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/mount_options.h"

namespace planet::fs {

class DetachedMount {
 public:
  DetachedMount() = default;
  explicit DetachedMount(UniqueFd mount) : mount_(std::move(mount)) {}

  // A new file system of `type` ("proc", "tmpfs", ...). Options for binds are ignored.
  static Result<DetachedMount> make(const std::string& type, const std::string& source,
                                    const MountOptions& options);

  // A copy of the tree at `path` below `dir`, which may be empty for `dir` itself.
  static Result<DetachedMount> clone(BorrowedFd dir, const char* path, bool recursive);

  bool valid() const { return mount_.valid(); }
  UniqueFd take() && { return std::move(mount_); }
  BorrowedFd root() const { return mount_.borrow(); }  // the mount's root directory or file

  // Sets and clears attributes and propagation as the options say.
  Result<> set_attributes(const MountOptions& options);
  Result<> set_read_only(bool recursive);

  // Takes the mount and those below it out of their peer groups. The clone of a mount that is shared, as all are on a
  // host with systemd, is its peer: what is mounted on the clone would appear on the host, too.
  Result<> set_private();

  // Shows the files through the id map of `user_ns`.
  // Errors: kNoPrivateUsers - this file system or kernel has no id-mapped mounts.
  Result<> set_id_map(BorrowedFd user_ns, bool recursive);

  // Holds `part`, a mount that this one was made of and that nobody needs any more, for whoever drops it cheaply: to
  // close the last descriptor of a mount that is nowhere takes an RCU grace period.
  void keep(DetachedMount part) { parts_.push_back(std::move(part)); }
  const std::vector<DetachedMount>& parts() const { return parts_; }

  // Mounts it on the file `onto`. The object still names the mount afterwards.
  Result<> attach(BorrowedFd onto) const;

 private:
  UniqueFd mount_;
  std::vector<DetachedMount> parts_;
};

// Gives the file system that is mounted at `place` other options (fspick(2)): "size=1g" of a tmpfs.
// Errors: the kernel's - it does not take them, or not of us.
Result<> change_file_system(BorrowedFd place, const MountOptions& options);

}  // namespace planet::fs
