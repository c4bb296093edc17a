#include "runtime/cgroup_entry.h"

#include <linux/mount.h>

#include "cgroup/group.h"
#include "cgroup/host.h"
#include "fs/detached_mount.h"
#include "fs/root.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

fs::DataOption option_of(const std::string& word) {
  const std::size_t equals = word.find('=');
  if (equals == std::string::npos) return {.key = word, .value = std::nullopt};
  return {.key = word.substr(0, equals), .value = word.substr(equals + 1)};
}

// Without a cgroup namespace a hierarchy shows every group of the host: then it is the container's own, as a bind. Nor may
// it be mounted anew from there: the options of the host's would become those of this mount (cgroup-v2.rst, nsdelegate).
Result<fs::DetachedMount> make_hierarchy(const cgroup::TreeMount& mount, bool whole,
                                         const fs::MountOptions& options) {
  if (whole) return fs::DetachedMount::make(mount.type, "cgroup", options);
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  auto hierarchy = host.hierarchy(mount.name);
  if (!hierarchy && !mount.controllers.empty())
    hierarchy = host.hierarchy(mount.controllers.front());
  if (!hierarchy) return std::unexpected(std::move(hierarchy).error());
  TRY_SET(fs::DetachedMount bind,
          fs::DetachedMount::clone(hierarchy->root.borrow(), mount.own.c_str() + 1, false));
  TRY(bind.set_private());
  TRY(bind.set_attributes(options));
  return bind;
}

// One hierarchy in its directory below `top`, which is a tmpfs of ours.
Result<> mount_hierarchy(BorrowedFd top, const cgroup::TreeMount& mount, bool whole,
                         const fs::MountOptions& options) {
  fs::MountOptions own = options;
  own.data.clear();
  for (const std::string& controller : mount.controllers) own.data.push_back(option_of(controller));
  TRY_SET(const fs::DetachedMount built, make_hierarchy(mount, whole, own));
  TRY(sys::make_dir_at(top, mount.name.c_str(), 0755));
  TRY_SET(const UniqueFd place,
          sys::open_at(top, mount.name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  TRY(built.attach(place.borrow()));
  // Controllers that share a hierarchy have a link each, as on the host.
  if (mount.controllers.size() > 1)
    for (const std::string& controller : mount.controllers)
      TRY(sys::symlink_at(mount.name.c_str(), top, controller.c_str()));
  return {};
}

Result<> mount_legacy(BorrowedFd place, const cgroup::Tree& tree, bool whole,
                      const fs::MountOptions& options) {
  fs::MountOptions of_top = options;
  of_top.data = {{.key = "mode", .value = "755"}, {.key = "size", .value = "64k"}};
  of_top.set = options.set & ~std::uint64_t{MOUNT_ATTR_RDONLY};
  TRY_SET(fs::DetachedMount top, fs::DetachedMount::make("tmpfs", "cgroup", of_top));
  TRY(top.attach(place));
  for (const cgroup::TreeMount& mount : tree.mounts)
    TRY(mount_hierarchy(top.root(), mount, whole, options), mount.name);
  if ((options.set & MOUNT_ATTR_RDONLY) == 0) return {};
  return top.set_read_only(false);
}

}  // namespace

Result<CgroupEntry> CgroupEntry::of(cgroup::Group group) {
  CgroupEntry entry;
  TRY_SET(entry.doors_, group.doors());
  entry.group_ = std::move(group);
  entry.clone3_ = sys::has_clone3();
  return entry;
}

Result<CgroupEntry> CgroupEntry::make(const oci::Linux& spec, cgroup::Width width,
                                      cgroup::Existing existing) {
  if (spec.cgroups_path.empty()) return CgroupEntry();
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(cgroup::Group group,
          cgroup::Group::create(host, spec.cgroups_path, spec.resources.value_or(oci::Resources{}),
                                width, existing));
  return of(std::move(group));
}

Result<CgroupEntry> CgroupEntry::find(const oci::Linux& spec,
                                      const std::vector<std::string>& below) {
  if (spec.cgroups_path.empty()) return CgroupEntry();
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(cgroup::Group group, cgroup::Group::open(host, spec.cgroups_path));
  for (const std::string& one : below) TRY(group.descend(one));
  return of(std::move(group));
}

Result<bool> CgroupEntry::comes_later(const oci::Linux& spec) {
  if (spec.cgroups_path.empty()) return false;
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  return host.layout() == cgroup::Layout::kLegacy;
}

std::optional<BorrowedFd> CgroupEntry::birthplace() const {
  if (!doors_.birthplace.valid() || !clone3_) return std::nullopt;
  return doors_.birthplace.borrow();
}

Result<> CgroupEntry::enter() const {
  return doors_.enter();
}

std::vector<BorrowedFd> CgroupEntry::tasks() const {
  std::vector<BorrowedFd> files;
  files.reserve(doors_.tasks.size());
  for (const UniqueFd& file : doors_.tasks) files.push_back(file.borrow());
  return files;
}

Result<> CgroupEntry::add_if_outside(pid_t process) const {
  if (!doors_.birthplace.valid() || clone3_) return {};
  return group_.add(process);
}

Result<cgroup::Tree> own_cgroup_tree(const oci::Linux& spec) {
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(const std::string own, sys::read_file_at(sys::kCwd, "/proc/self/cgroup"));
  std::string group;
  if (!spec.cgroups_path.empty()) {
    TRY_SET(group, cgroup::normal_path(spec.cgroups_path));
  }
  return cgroup::plan_tree(host.layout(), own, group);
}

Result<> mount_cgroup_tree(BorrowedFd place, const cgroup::Tree& tree, bool whole,
                           const fs::MountOptions& options) {
  if (tree.layout == cgroup::Layout::kLegacy) return mount_legacy(place, tree, whole, options);
  if (tree.mounts.empty()) return fail(Code::kCorrupt, "/proc/self/cgroup names no group");
  fs::MountOptions plain = options;
  plain.data.clear();
  TRY_SET(const fs::DetachedMount built, make_hierarchy(tree.mounts.front(), whole, plain));
  return built.attach(place);
}

}  // namespace planet::runtime
