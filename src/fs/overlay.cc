#include "fs/overlay.h"

#include <linux/mount.h>
#include <linux/sched.h>

#include <cerrno>

#include "base/strings.h"
#include "fs/helper_process.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace planet::fs {
namespace {

Result<std::vector<DetachedMount>> open_layers(const OverlayDirs& dirs,
                                               std::optional<BorrowedFd> user_ns) {
  std::vector<DetachedMount> layers;
  layers.reserve(dirs.layers.size() + 1);
  if (!dirs.changes.empty()) {
    TRY_SET(DetachedMount changes, DetachedMount::clone(sys::kCwd, dirs.changes.c_str(), false));
    TRY(changes.set_private());
    layers.push_back(std::move(changes));
  }
  for (const std::string& path : dirs.layers) {
    TRY_SET(DetachedMount layer, DetachedMount::clone(sys::kCwd, path.c_str(), false));
    TRY(layer.set_private());
    if (user_ns) TRY(layer.set_id_map(*user_ns, false), "id-map layer " + path);
    layers.push_back(std::move(layer));
  }
  return layers;
}

// True if the context takes the layers as descriptors: Linux 6.13.
Result<bool> add_layers(BorrowedFd context, const std::vector<DetachedMount>& layers) {
  for (const DetachedMount& layer : layers) {
    const Result<> added = sys::fs_set_fd(context, "lowerdir+", layer.root());
    if (added) continue;
    const int err = added.error().sys_errno();
    if (&layer == &layers.front() && (err == EINVAL || err == EOPNOTSUPP)) return false;
    return std::unexpected(added.error());
  }
  return true;
}

// The writable part through a mount of its own, which the kernel wants for both: the container's mountinfo shows the
// paths below its root, and none of the host's.
struct Writable {
  DetachedMount mount;
  UniqueFd upper, work;
};

Result<Writable> open_writable(const OverlayDirs& dirs) {
  const auto [above, upper] = split_last(dirs.upper);
  const auto [same, work] = split_last(dirs.work);
  if (above != same)
    return fail(Code::kInvalidArgument,
                quote(dirs.upper) + " and " + quote(dirs.work) + " are not in one directory");
  TRY_SET(DetachedMount mount, DetachedMount::clone(sys::kCwd, std::string(above).c_str(), false));
  TRY(mount.set_private());
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW;
  TRY_SET(UniqueFd upper_fd, sys::open_at(mount.root(), std::string(upper).c_str(), kFlags));
  TRY_SET(UniqueFd work_fd, sys::open_at(mount.root(), std::string(work).c_str(), kFlags));
  return Writable{
      .mount = std::move(mount), .upper = std::move(upper_fd), .work = std::move(work_fd)};
}

// EINVAL is what overlayfs says of a writable directory on a file system that is not good enough for it: overlayfs
// itself, FUSE, NFS.
Error explain_invalid(Error error, const OverlayDirs& dirs) {
  if (error.sys_errno() != EINVAL) return error;
  const std::string dir(split_last(dirs.upper).first);
  return Error::from_wire(error.code(), EINVAL,
                          "overlayfs cannot use " + quote(dir) +
                              " as its writable part, so keep the store on a file system such as "
                              "ext4, xfs or btrfs (" +
                              error.what() + ")");
}

// A mark of an earlier mount of this kind, which overlayfs would refuse: what was written may not have reached the disk. Nobody
// counts on that it has.
void forget_earlier_mount(BorrowedFd work) {
  (void)sys::remove_tree_at(work, "work/incompat");
}

Result<DetachedMount> finish_by_descriptors(BorrowedFd context, const OverlayDirs& dirs) {
  if (dirs.upper.empty()) {
    TRY(sys::fs_create(context));
    TRY_SET(UniqueFd mount, sys::fs_mount(context, MOUNT_ATTR_RDONLY));
    return DetachedMount(std::move(mount));
  }
  TRY_SET(Writable writable, open_writable(dirs));
  if (dirs.is_volatile) forget_earlier_mount(writable.work.borrow());
  const auto finish = [&]() -> Result<UniqueFd> {
    TRY(sys::fs_set_fd(context, "upperdir", writable.upper.borrow()));
    TRY(sys::fs_set_fd(context, "workdir", writable.work.borrow()));
    if (dirs.is_volatile) TRY(sys::fs_set_flag(context, "volatile"));
    TRY(sys::fs_create(context));
    return sys::fs_mount(context, 0);
  };
  auto mount = finish();
  if (!mount) return std::unexpected(explain_invalid(std::move(mount).error(), dirs));
  DetachedMount overlay(*std::move(mount));
  overlay.keep(std::move(writable.mount));
  return overlay;
}

std::string fd_path(BorrowedFd fd) {
  return "/proc/self/fd/" + std::to_string(fd.get());
}

// Inside a mount namespace of its own: the kernel takes layers only from mounts of the caller's namespace.
Result<UniqueFd> mount_by_string(const OverlayDirs& dirs,
                                 const std::vector<DetachedMount>& layers) {
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  const mount_attr quiet{.attr_set = 0, .attr_clr = 0, .propagation = 1U << 18, .userns_fd = 0};
  TRY(sys::mount_set_attr(top.borrow(), quiet, true), "make mounts private");
  TRY_SET(const DetachedMount scratch, DetachedMount::make("tmpfs", "planet", {}));
  TRY(scratch.attach(top.borrow()));
  std::string options = "redirect_dir=nofollow,metacopy=off,lowerdir=";
  for (const DetachedMount& layer : layers) {
    const std::string name = std::to_string(&layer - layers.data());
    TRY(sys::make_dir_at(scratch.root(), name.c_str(), 0700));
    TRY_SET(const UniqueFd place, sys::open_at(scratch.root(), name.c_str(), O_PATH));
    TRY(layer.attach(place.borrow()));
    if (&layer != layers.data()) options += ':';
    options += name;
  }
  UniqueFd upper;
  UniqueFd work;
  if (!dirs.upper.empty()) {
    TRY_SET(upper, sys::open_at(sys::kCwd, dirs.upper.c_str(), O_PATH | O_DIRECTORY));
    TRY_SET(work, sys::open_at(sys::kCwd, dirs.work.c_str(), O_PATH | O_DIRECTORY));
    options += ",upperdir=" + fd_path(upper.borrow()) + ",workdir=" + fd_path(work.borrow());
    if (dirs.is_volatile) options += ",volatile";
    if (dirs.is_volatile) forget_earlier_mount(work.borrow());
  }
  TRY(sys::make_dir_at(scratch.root(), "merged", 0700));
  TRY_SET(const UniqueFd merged, sys::open_at(scratch.root(), "merged", O_PATH));
  // mount(2) takes a page of options: 500 layers fit by names that are relative and short.
  TRY(sys::change_dir(scratch.root()));
  TRY(sys::mount_legacy("overlay", fd_path(merged.borrow()).c_str(), options.c_str()));
  return sys::open_tree_clone(scratch.root(), "merged", false);
}

Result<DetachedMount> make_by_string(const OverlayDirs& dirs,
                                     const std::vector<DetachedMount>& layers) {
  TRY_SET(UniqueFd mount,
          make_in_process(CLONE_NEWNS, [&] { return mount_by_string(dirs, layers); }));
  return DetachedMount(std::move(mount));
}

Result<DetachedMount> mount_layers(const OverlayDirs& dirs, std::vector<DetachedMount> layers,
                                   OverlayInterface interface) {
  if (interface == OverlayInterface::kString) return make_by_string(dirs, layers);
  TRY_SET(const UniqueFd context, sys::fs_open("overlay"));
  TRY(sys::fs_set_string(context.borrow(), "source", "overlay"));
  // Whatever the host's defaults are: the writable directory has whole files only, so that it can be packed as a layer.
  TRY(sys::fs_set_string(context.borrow(), "redirect_dir", "nofollow"));
  TRY(sys::fs_set_string(context.borrow(), "metacopy", "off"));
  TRY_SET(const bool taken, add_layers(context.borrow(), layers));
  if (!taken && interface == OverlayInterface::kDescriptors)
    return fail(Code::kUnsupported, "overlayfs takes no layers by descriptor before Linux 6.13");
  if (!taken) return make_by_string(dirs, layers);
  TRY_SET(DetachedMount mount, finish_by_descriptors(context.borrow(), dirs));
  for (DetachedMount& layer : layers) mount.keep(std::move(layer));
  return mount;
}

}  // namespace

Result<DetachedMount> make_overlay(const OverlayDirs& dirs, std::optional<BorrowedFd> user_ns,
                                   OverlayInterface interface) {
  TRY_SET(std::vector<DetachedMount> layers, open_layers(dirs, user_ns));
  // overlayfs alone takes no single directory.
  if (dirs.upper.empty() && layers.size() == 1) {
    TRY(layers.front().set_read_only(false));
    return std::move(layers.front());
  }
  auto mount = mount_layers(dirs, std::move(layers), interface);
  if (!mount && user_ns && mount.error().sys_errno() == EINVAL)
    return fail(Code::kNoPrivateUsers, "overlayfs takes no id-mapped layers before Linux 5.19 (" +
                                           mount.error().to_string() + ")");
  return mount;
}

namespace {

Result<DetachedMount> part_of(DetachedMount whole, const std::string& subpath) {
  TRY_SET(UniqueFd top, sys::duplicate(whole.root()));
  TRY_SET(const UniqueFd part, Root(std::move(top)).open(subpath, O_PATH));
  auto mount = DetachedMount::clone(part.borrow(), "", false);
  if (!mount && mount.error().sys_errno() == EINVAL)
    return fail(Code::kUnsupported,
                "a part of an image can be mounted since Linux 6.15; mount the whole image");
  if (mount) mount->keep(std::move(whole));
  return mount;
}

}  // namespace

Result<DetachedMount> make_view(const std::vector<std::string>& layers, const std::string& subpath,
                                const MountOptions& options, std::optional<BorrowedFd> user_ns) {
  TRY_SET(DetachedMount view, make_overlay({.layers = layers}, user_ns));
  if (!subpath.empty()) {
    TRY_SET(view, part_of(std::move(view), subpath), "subpath " + quote(subpath));
  }
  TRY(view.set_attributes(options));
  return view;
}

}  // namespace planet::fs
