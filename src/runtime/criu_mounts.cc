#include "runtime/criu_mounts.h"

#include <linux/mount.h>
#include <linux/sched.h>
#include <sys/stat.h>

#include <algorithm>

#include "base/strings.h"
#include "fs/detached_mount.h"
#include "fs/root.h"
#include "runtime/init_mounts.h"
#include "runtime/parent_mounts.h"
#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

constexpr const char* kMaskFile = "mask-file";
constexpr const char* kMaskDir = "mask-dir";

Result<bool> is_directory(BorrowedFd file) {
  TRY_SET(const struct stat st, sys::stat_fd(file));
  return S_ISDIR(st.st_mode);
}

// Makes `name` in `dir`, a directory or an empty file as `mount` is, and attaches it there.
Result<> put(BorrowedFd dir, const char* name, const fs::DetachedMount& mount) {
  TRY_SET(const bool directory, is_directory(mount.root()));
  if (directory)
    TRY(sys::make_dir_at(dir, name, 0755));
  else
    TRY(sys::open_at(dir, name, O_WRONLY | O_CREAT | O_EXCL, 0644));
  TRY_SET(const UniqueFd place, sys::open_at(dir, name, O_PATH | O_NOFOLLOW));
  return mount.attach(place.borrow());
}

std::string found_at(const std::string& key, const std::string& path) {
  return "mnt[" + key + "]:" + path;
}

// A tmpfs over `place`; a descriptor of its root.
Result<UniqueFd> mount_tmpfs(const std::string& path, const fs::MountOptions& options) {
  TRY_SET(const UniqueFd place, sys::open_at(sys::kCwd, path.c_str(), O_PATH | O_DIRECTORY));
  TRY_SET(const fs::DetachedMount mount, fs::DetachedMount::make("tmpfs", "mask", options));
  TRY(mount.attach(place.borrow()));
  return sys::open_at(sys::kCwd, path.c_str(), O_RDONLY | O_DIRECTORY);
}

// What lies over masked paths: as runtime/init_mounts.h makes it, an empty file and directory that nobody can write.
Result<> put_masks(BorrowedFd top, const std::string& path) {
  TRY(sys::make_dir_at(top, "masks", 0755));
  fs::MountOptions options;
  options.data = {{.key = "size", .value = "4k"}, {.key = "mode", .value = "755"}};
  TRY_SET(const UniqueFd masks, mount_tmpfs(path + "/masks", options));
  TRY(sys::make_dir_at(masks.borrow(), "dir", 0555));
  TRY(sys::open_at(masks.borrow(), "file", O_WRONLY | O_CREAT | O_EXCL, 0444));
  fs::MountOptions closed;
  closed.set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
  const std::pair<const char*, const char*> names[] = {{"file", kMaskFile}, {"dir", kMaskDir}};
  for (const auto& [from, to] : names) {
    TRY_SET(fs::DetachedMount mask, fs::DetachedMount::clone(masks.borrow(), from, false));
    TRY(mask.set_attributes(closed));
    TRY(put(top, to, mask));
  }
  return {};
}

// A container's first start makes the places for its mounts in its root. Another root filesystem, on another host, may
// not have them yet; what is below another mount is there with it.
Result<> make_place(const fs::Root& root, const Plan& plan, const PlannedMount& mount,
                    bool directory) {
  const bool below = std::ranges::any_of(plan.mounts, [&](const PlannedMount& other) {
    return &other != &mount && mount.destination.starts_with(other.destination + "/");
  });
  if (below || root.open(mount.destination, O_PATH)) return {};
  if (directory) {
    TRY(root.make_directories(mount.destination, 0755));
    return {};
  }
  const auto [above, name] = fs::split_last(mount.destination);
  TRY(root.make_directories(above, 0755));
  TRY(root.open(mount.destination, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0644));
  return {};
}

// The host's own cgroup2 and its options, as "rw,nsdelegate"; an empty line where there is none.
MountLine find_cgroup2() {
  const auto text = sys::read_file_at(sys::kCwd, "/proc/self/mountinfo");
  for (MountLine& mount : parse_mountinfo(text.value_or("")))
    if (mount.type == "cgroup2" && mount.place.starts_with("/sys/fs/cgroup")) return mount;
  return {};
}

}  // namespace

Result<> close_root(pid_t init) {
  TRY_SET(const UniqueFd mounts,
          sys::open_at(sys::kCwd, ("/proc/" + std::to_string(init) + "/ns/mnt").c_str(), O_RDONLY));
  TRY(sys::set_ns(mounts.borrow(), CLONE_NEWNS));
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_RDONLY;
  return sys::mount_set_attr(top.borrow(), attr, false);
}

CgroupOptions::CgroupOptions() : before_(find_cgroup2()) {}

CgroupOptions::~CgroupOptions() {
  if (before_.place.empty() || find_cgroup2().options == before_.options) return;
  fs::MountOptions options;
  for (const std::string_view word : split(before_.options, ','))
    if (word != "rw" && word != "ro")
      options.data.push_back({.key = std::string(word), .value = std::nullopt});
  if (const auto place = sys::open_at(sys::kCwd, before_.place.c_str(), O_PATH | O_DIRECTORY))
    (void)fs::change_file_system(place->borrow(), options);
}

std::vector<std::string> external_masks(const oci::Linux& spec,
                                        const std::vector<MountLine>& mounts) {
  std::vector<std::string> external;
  for (const MountLine& mount : mounts) {
    const bool masked =
        std::ranges::find(spec.masked_paths, mount.place) != spec.masked_paths.end();
    if (!masked || mount.type != "tmpfs" || mount.source != "mask") continue;
    const bool directory = mount.root.ends_with("dir");
    external.push_back("mnt[" + mount.place + "]:" + (directory ? kMaskDir : kMaskFile));
  }
  return external;
}

std::string namespace_key(oci::NamespaceType type) {
  return type == oci::NamespaceType::kNetwork ? "extRootNetNS" : "extRootPidNS";
}

Result<Stage> set_stage(const std::string& stage, const std::string& root, const Plan& plan,
                        const oci::Linux& spec) {
  TRY(sys::unshare(CLONE_NEWNS));
  TRY(leave_host_mounts());
  fs::MountOptions options;
  options.data = {{.key = "mode", .value = "700"}};
  TRY_SET(const UniqueFd top, mount_tmpfs(stage, options));
  Stage made{.root = stage + "/root", .external = {}};
  TRY_SET(fs::DetachedMount whole, fs::DetachedMount::clone(sys::kCwd, root.c_str(), true));
  TRY(put(top.borrow(), "root", whole));
  TRY_SET(UniqueFd root_dir, sys::open_at(sys::kCwd, made.root.c_str(), O_PATH | O_DIRECTORY));
  const fs::Root inside(std::move(root_dir));
  TRY(put_masks(top.borrow(), stage));
  for (const char* mask : {kMaskFile, kMaskDir})
    made.external.push_back(found_at(mask, stage + "/" + mask));
  const std::string under_stage = stage + "/";
  for (const PlannedMount& mount : plan.mounts) {
    bool directory = true;
    if (mount.maker == Maker::kParentBind) {
      const std::string name = "bind" + std::to_string(made.external.size());
      const std::string path = under_stage + name;
      TRY_SET(const fs::DetachedMount bind, make_bind(mount, spec, std::nullopt),
              mount.destination);
      TRY_SET(directory, is_directory(bind.root()));
      TRY(put(top.borrow(), name.c_str(), bind), mount.destination);
      made.external.push_back(found_at(mount.destination, path));
    }
    TRY(make_place(inside, plan, mount, directory), mount.destination);
  }
  return made;
}

}  // namespace planet::runtime
