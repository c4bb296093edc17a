#include "fs/detached_mount.h"

#include <cerrno>

#include "sys/mount.h"

namespace planet::fs {
namespace {

Result<> set_data(BorrowedFd context, const DataOption& option) {
  if (option.value) return sys::fs_set_string(context, option.key.c_str(), option.value->c_str());
  return sys::fs_set_flag(context, option.key.c_str());
}

}  // namespace

Result<DetachedMount> DetachedMount::make(const std::string& type, const std::string& source,
                                          const MountOptions& options) {
  TRY_SET(const UniqueFd context, sys::fs_open(type.c_str()));
  if (!source.empty()) TRY(sys::fs_set_string(context.borrow(), "source", source.c_str()));
  for (const DataOption& option : options.data) TRY(set_data(context.borrow(), option));
  TRY(sys::fs_create(context.borrow()));
  TRY_SET(UniqueFd mount, sys::fs_mount(context.borrow(), options.set));
  return DetachedMount(std::move(mount));
}

Result<DetachedMount> DetachedMount::clone(BorrowedFd dir, const char* path, bool recursive) {
  TRY_SET(UniqueFd mount, sys::open_tree_clone(dir, path, recursive));
  return DetachedMount(std::move(mount));
}

Result<> DetachedMount::set_attributes(const MountOptions& options) {
  const mount_attr below{.attr_set = options.recursive_set,
                         .attr_clr = options.recursive_clear,
                         .propagation = options.propagation_recursive ? options.propagation : 0,
                         .userns_fd = 0};
  if (below.attr_set != 0 || below.attr_clr != 0 || below.propagation != 0)
    TRY(sys::mount_set_attr(root(), below, true));
  const mount_attr own{.attr_set = options.set,
                       .attr_clr = options.clear,
                       .propagation = options.propagation_recursive ? 0 : options.propagation,
                       .userns_fd = 0};
  if (own.attr_set == 0 && own.attr_clr == 0 && own.propagation == 0) return {};
  return sys::mount_set_attr(root(), own, false);
}

Result<> DetachedMount::set_private() {
  constexpr std::uint64_t kPrivate = 1U << 18;  // MS_PRIVATE
  mount_attr attr{};
  attr.propagation = kPrivate;
  return sys::mount_set_attr(root(), attr, true);
}

Result<> DetachedMount::set_read_only(bool recursive) {
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_RDONLY;
  return sys::mount_set_attr(root(), attr, recursive);
}

Result<> DetachedMount::set_id_map(BorrowedFd user_ns, bool recursive) {
  Result<> mapped = sys::mount_set_id_map(root(), user_ns, recursive);
  if (!mapped && mapped.error().sys_errno() == EINVAL)
    return fail(Code::kNoPrivateUsers,
                "the file system or the kernel has no id-mapped mounts (mount_setattr: EINVAL)");
  return mapped;
}

Result<> DetachedMount::attach(BorrowedFd onto) const {
  return sys::move_mount(root(), onto);
}

Result<> change_file_system(BorrowedFd place, const MountOptions& options) {
  TRY_SET(const UniqueFd context, sys::fs_pick(place));
  for (const DataOption& option : options.data) TRY(set_data(context.borrow(), option));
  return sys::fs_reconfigure(context.borrow());
}

}  // namespace planet::fs
