#include "fs/foreign_root.h"

#include <sched.h>
#include <sys/stat.h>

#include "fs/helper_process.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace planet::fs {
namespace {

Result<> attach_below(const Root& root, const Attachment& attachment) {
  const auto place = root.open(attachment.path, O_PATH);
  if (!place) return {};
  TRY_SET(const struct stat there, sys::stat_fd(place->borrow()));
  TRY_SET(const struct stat mounted, sys::stat_fd(attachment.mount.root()));
  if (S_ISDIR(there.st_mode) != S_ISDIR(mounted.st_mode)) return {};
  return attachment.mount.attach(place->borrow());
}

}  // namespace

Result<DetachedMount> clone_root_of(BorrowedFd pidfd, bool recursive) {
  TRY_SET(UniqueFd mount, make_in_process(0, [&]() -> Result<UniqueFd> {
            TRY(sys::set_ns(pidfd, CLONE_NEWNS), "enter the container's mounts");
            return sys::open_tree_clone(sys::kCwd, "/", recursive);
          }));
  DetachedMount root(std::move(mount));
  TRY(root.set_private());
  return root;
}

Result<DetachedMount> assemble(DetachedMount root, std::vector<Attachment> mounts) {
  if (mounts.empty()) return root;
  // Mounts are attached to one that is attached itself (Linux before 6.15 wants that), in a namespace that ends here.
  TRY_SET(
      UniqueFd tree, make_in_process(CLONE_NEWNS, [&]() -> Result<UniqueFd> {
        TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
        const mount_attr quiet{
            .attr_set = 0, .attr_clr = 0, .propagation = 1U << 18, .userns_fd = 0};  // MS_PRIVATE
        TRY(sys::mount_set_attr(top.borrow(), quiet, true), "make mounts private");
        TRY(root.attach(top.borrow()));
        TRY_SET(UniqueFd dir, sys::duplicate(root.root()));
        const Root inside(std::move(dir));
        for (const Attachment& one : mounts) TRY(attach_below(inside, one), one.path);
        return sys::open_tree_clone(root.root(), "", true);
      }));
  return DetachedMount(std::move(tree));
}

}  // namespace planet::fs
