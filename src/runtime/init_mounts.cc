#include "runtime/init_mounts.h"

#include <linux/magic.h>
#include <linux/mount.h>
#include <linux/sched.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "fs/copy_tree.h"
#include "runtime/cgroup_entry.h"
#include "runtime/parent_mounts.h"
#include "runtime/steps.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"
#include "sys/xattr.h"

namespace planet::runtime {
namespace {

constexpr std::uint64_t kPrivate = 1U << 18;  // MS_PRIVATE

Result<bool> is_directory(BorrowedFd file) {
  TRY_SET(const struct stat st, sys::stat_fd(file));
  return S_ISDIR(st.st_mode);
}

std::unexpected<Error> wrong_kind(bool directory) {
  return fail(Code::kInvalidArgument, directory ? "a directory cannot be mounted on a file"
                                                : "a file cannot be mounted on a directory");
}

Result<UniqueFd> open_directory_place(const fs::Root& root, const std::string& destination) {
  auto place = root.make_directories(destination, 0755);
  if (!place && place.error().sys_errno() == ENOTDIR && root.open(destination, O_PATH))
    return wrong_kind(true);
  return place;
}

// The file is missing, or a link leads to where none is, as /etc/resolv.conf of many an image: it is made there.
Result<UniqueFd> make_file_place(const fs::Root& root, std::string path) {
  constexpr int kMostLinks = 40;  // path_resolution(7)
  for (int links = 0; links < kMostLinks; ++links) {
    const auto [above, name] = fs::split_last(path);
    TRY_SET(const UniqueFd dir, root.make_directories(above, 0755));
    const auto target = sys::read_link_at(dir.borrow(), std::string(name).c_str());
    if (!target) {
      TRY(root.open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
      return root.open(path, O_PATH);
    }
    path = target->starts_with('/') ? *target : std::string(above) + "/" + *target;
  }
  return std::unexpected(Error::from_errno(ELOOP, "too many links, one after the other"));
}

Result<UniqueFd> open_file_place(const fs::Root& root, const std::string& destination) {
  auto there = root.open(destination, O_PATH);
  if (!there && there.error().sys_errno() == ENOENT) return make_file_place(root, destination);
  if (!there) return there;
  TRY_SET(const bool directory, is_directory(there->borrow()));
  if (directory) return wrong_kind(false);
  return there;
}

// A mount of proc or sysfs must be at an ordinary directory of that name: a link there would send it, and what
// is later written below it, elsewhere (CVE-2019-19921).
Result<UniqueFd> open_ordinary_place(const fs::Root& root, const std::string& destination) {
  auto place = root.open_no_follow(destination, O_PATH | O_DIRECTORY);
  if (place) return place;
  if (place.error().sys_errno() == ENOENT) return root.make_directories(destination, 0755);
  if (place.error().sys_errno() != ENOTDIR && place.error().sys_errno() != ELOOP) return place;
  return fail(Code::kInvalidArgument,
              quote(destination) + " in the root filesystem is not an ordinary directory");
}

// The place for a mount: the file or directory at its destination, made if it is missing (a file for a file).
Result<UniqueFd> open_place(const fs::Root& root, const PlannedMount& mount, bool directory) {
  if (mount.type == "proc" || mount.type == "sysfs")
    return open_ordinary_place(root, mount.destination);
  return directory ? open_directory_place(root, mount.destination)
                   : open_file_place(root, mount.destination);
}

// What tools show a container of its own resources by covering one file. No process reads or writes these to be safe.
constexpr std::string_view kHarmlessInProc[] = {"/proc/cpuinfo",
                                                "/proc/diskstats",
                                                "/proc/loadavg",
                                                "/proc/meminfo",
                                                "/proc/net/dev",
                                                "/proc/slabinfo",
                                                "/proc/stat",
                                                "/proc/swaps",
                                                "/proc/uptime",
                                                "/proc/sys/kernel/ns_last_pid",
                                                "/proc/sys/crypto/fips_enabled"};

// At /proc is a proc file system and nothing lies over its files: else what is written there, a label or a limit, goes
// to a file of the attacker's and seems to be in force (CVE-2019-16884).
Result<> check_proc(const PlannedMount& mount, BorrowedFd built, BorrowedFd place) {
  if (mount.destination == "/proc") {
    TRY_SET(const std::int64_t type, sys::file_system_type(built));
    if (type == PROC_SUPER_MAGIC) return {};
  } else {
    TRY_SET(const std::int64_t below, sys::file_system_type(place));
    if (below != PROC_SUPER_MAGIC ||
        std::ranges::find(kHarmlessInProc, mount.destination) != std::end(kHarmlessInProc))
      return {};
  }
  return fail(Code::kInvalidArgument,
              "only a proc file system can be mounted at /proc, and nothing over what is in it");
}

// The tmpfs begins with what it lies over; but what its own options say of its directory holds.
Result<> copy_up(const PlannedMount& mount, BorrowedFd place, BorrowedFd built) {
  const auto says = [&](std::string_view key) {
    return std::ranges::any_of(mount.options.data,
                               [key](const fs::DataOption& option) { return option.key == key; });
  };
  TRY_SET(const struct stat own, sys::stat_fd(built));
  TRY(fs::copy_tree(place, built), "copy what is there");
  TRY_SET(const struct stat copied, sys::stat_fd(built));
  if (says("uid") || says("gid"))
    TRY(sys::change_owner(built, says("uid") ? own.st_uid : copied.st_uid,
                          says("gid") ? own.st_gid : copied.st_gid));
  return says("mode") ? sys::change_mode(built, own.st_mode & 07777) : Result<>();
}

Result<> attach(const fs::Root& root, const PlannedMount& mount, const fs::DetachedMount& built) {
  TRY_SET(const bool directory, is_directory(built.root()));
  TRY_SET(const UniqueFd place, open_place(root, mount, directory));
  TRY(check_proc(mount, built.root(), place.borrow()));
  if (mount.options.copy_up) TRY(copy_up(mount, place.borrow(), built.root()));
  return built.attach(place.borrow());
}

// "remount": other attributes for the mount that is there, other options for its file system.
Result<> change_mount(const fs::Root& root, const PlannedMount& mount) {
  TRY_SET(const UniqueFd place, root.open(mount.destination, O_PATH));
  const fs::MountOptions& options = mount.options;
  mount_attr attr{};
  attr.attr_set = options.set;
  attr.attr_clr = options.clear;
  const Result<> changed = sys::mount_set_attr(place.borrow(), attr, false);
  if (!changed && changed.error().sys_errno() == EINVAL)
    return fail(Code::kInvalidArgument, "nothing is mounted there that a remount could change");
  TRY(changed);
  return options.data.empty() ? Result<>() : fs::change_file_system(place.borrow(), options);
}

// The file at `path`, or nothing if there is none (this kernel or image lacks it).
Result<UniqueFd> open_if_there(const fs::Root& root, const std::string& path) {
  auto place = root.open(path, O_PATH);
  if (!place && (place.error().sys_errno() == ENOENT || place.error().sys_errno() == ENOTDIR))
    return UniqueFd();
  return place;
}

Result<> make_read_only(const fs::Root& root, const std::string& path) {
  TRY_SET(const UniqueFd place, open_if_there(root, path));
  if (!place.valid()) return {};
  TRY_SET(fs::DetachedMount copy, fs::DetachedMount::clone(place.borrow(), "", true));
  TRY(copy.set_read_only(true));
  return copy.attach(place.borrow());
}

}  // namespace

Result<> leave_host_mounts() {
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  mount_attr attr{};
  attr.propagation = kPrivate;
  return sys::mount_set_attr(top.borrow(), attr, true);
}

Result<std::vector<fs::DetachedMount>> build_file_systems(const Plan& plan, const Steps& steps) {
  std::vector<fs::DetachedMount> built(plan.mounts.size());
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const PlannedMount& mount = plan.mounts[i];
    if (mount.maker != Maker::kInit) continue;
    TRY(steps.run(info_of(LaunchStep::kFileSystem), mount.destination, [&]() -> Result<> {
      TRY_SET(built[i], fs::DetachedMount::make(mount.type, mount.source, mount.options));
      if (!mount.root_label.empty())
        TRY(sys::set_xattr(built[i].root(), "security.selinux", mount.root_label),
            "linux.mountLabel");
      if (mount.options.propagation == 0) return {};
      return built[i].set_attributes(mount.options);
    }));
  }
  return built;
}

Result<> attach_root(const fs::DetachedMount& root, const std::string& place) {
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, place.c_str(), O_PATH | O_DIRECTORY));
  return root.attach(top.borrow());
}

Result<> attach_mounts(const fs::Root& root, const Plan& plan,
                       const std::vector<fs::DetachedMount>& built, const cgroup::Tree& cgroups,
                       const Steps& steps) {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i) {
    const PlannedMount& mount = plan.mounts[i];
    TRY(steps.run(info_of(LaunchStep::kAttach), mount.destination, [&]() -> Result<> {
      if (mount.maker == Maker::kInitCgroup) {
        TRY_SET(const UniqueFd place, open_directory_place(root, mount.destination));
        const bool whole = (plan.join_flags & CLONE_NEWCGROUP) != 0;
        return mount_cgroup_tree(place.borrow(), cgroups, whole, mount.options);
      }
      if (mount.maker == Maker::kRemount) return change_mount(root, mount);
      return attach(root, mount, built[i]);
    }));
  }
  return {};
}

Result<Mask> Mask::make() {
  fs::MountOptions options;
  options.set = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  options.data = {{.key = "size", .value = "4k"},
                  {.key = "nr_inodes", .value = "4"},
                  {.key = "mode", .value = "755"}};
  TRY_SET(fs::DetachedMount mount, fs::DetachedMount::make("tmpfs", "mask", options));
  TRY(sys::make_dir_at(mount.root(), "dir", 0555));
  TRY(sys::make_dir_at(mount.root(), "parts", 0000));
  TRY(sys::open_at(mount.root(), "file", O_WRONLY | O_CREAT | O_EXCL, 0444));
  TRY(mount.set_read_only(false));
  TRY_SET(const UniqueFd place, sys::open_at(sys::kCwd, "/dev", O_PATH | O_DIRECTORY));
  TRY(mount.attach(place.borrow()));
  return Mask(std::move(mount));
}

Result<> Mask::cover(BorrowedFd place) const {
  TRY_SET(const bool directory, is_directory(place));
  TRY_SET(const fs::DetachedMount copy,
          fs::DetachedMount::clone(mount_.root(), directory ? "dir" : "file", false));
  return copy.attach(place);
}

Result<> Mask::take_along(const std::vector<fs::DetachedMount>& parts) const {
  TRY_SET(const UniqueFd place, sys::open_at(mount_.root(), "parts", O_PATH | O_DIRECTORY));
  for (const fs::DetachedMount& part : parts) TRY(part.attach(place.borrow()));
  return {};
}

Result<> Mask::uncover_old_root() {
  return sys::unmount_detached("/dev");
}

Result<> mask_paths(const fs::Root& root, const Mask& mask, const std::vector<std::string>& paths,
                    const Steps& steps) {
  for (const std::string& path : paths) {
    TRY(steps.run(info_of(LaunchStep::kMask), path, [&]() -> Result<> {
      TRY_SET(const UniqueFd place, open_if_there(root, path));
      if (!place.valid()) return {};
      return mask.cover(place.borrow());
    }));
  }
  return {};
}

Result<> make_paths_read_only(const fs::Root& root, const std::vector<std::string>& paths,
                              const Steps& steps) {
  for (const std::string& path : paths)
    TRY(steps.run(info_of(LaunchStep::kReadOnly), path,
                  [&] { return make_read_only(root, path); }));
  return {};
}

Result<> make_missing_devices(const fs::Root& root, const Plan& plan) {
  if (std::ranges::any_of(
          plan.mounts, [](const PlannedMount& mount) { return mount.maker == Maker::kParentDev; }))
    return {};
  TRY_SET(const UniqueFd dev, root.make_directories("/dev", 0755));
  constexpr std::string_view kDev = "/dev/";
  for (const oci::Device& device : plan.devices)
    TRY(make_device(dev.borrow(), std::string_view(device.path).substr(kDev.size()), device,
                    Owner{}),
        device.path);
  return make_dev_links(dev.borrow(), Owner{});
}

Result<> change_root(const fs::DetachedMount& root, bool read_only) {
  if (read_only) {
    mount_attr attr{};
    attr.attr_set = MOUNT_ATTR_RDONLY;
    TRY(sys::mount_set_attr(root.root(), attr, false), "make the root read-only");
  }
  TRY(sys::change_dir(root.root()));
  return sys::pivot_root_here();
}

Result<> set_root_propagation(const fs::MountOptions& propagation) {
  if (propagation.propagation == 0) return {};
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  mount_attr attr{};
  attr.propagation = propagation.propagation;
  return sys::mount_set_attr(top.borrow(), attr, propagation.propagation_recursive);
}

}  // namespace planet::runtime
