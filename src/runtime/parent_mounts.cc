#include "runtime/parent_mounts.h"

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "fs/overlay.h"
#include "fs/root.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

constexpr mode_t kDefaultDeviceMode = 0666;
constexpr mode_t kPermissions = 07777;

mode_t type_bits(char type) {
  switch (type) {
    case 'b':
      return S_IFBLK;
    case 'p':
      return S_IFIFO;
    default:
      return S_IFCHR;  // "c" and its old name "u"
  }
}

dev_t number_of(const oci::Device& device) {
  return makedev(static_cast<unsigned>(device.major), static_cast<unsigned>(device.minor));
}

Result<> give_to(BorrowedFd dir, const char* name, Owner owner) {
  if (owner.uid == 0 && owner.gid == 0) return {};
  TRY_SET(const UniqueFd made, sys::open_at(dir, name, O_PATH | O_NOFOLLOW));
  return sys::change_owner(made.borrow(), owner.uid, owner.gid);
}

// "a/b": both belong to the container's root. What is there stays.
Result<> make_directories_above(const fs::Root& root, std::string_view path, Owner owner) {
  for (std::size_t end = 0; end < path.size();) {
    end = std::min(path.find('/', end + 1), path.size());
    TRY_SET(const fs::Place place, root.parent(path.substr(0, end)));
    Result<> made = sys::make_dir_at(place.dir.borrow(), place.name.c_str(), 0755);
    if (made) TRY(give_to(place.dir.borrow(), place.name.c_str(), owner));
    if (!made && made.error().code() != Code::kAlreadyExists) return made;
  }
  return {};
}

// config-linux.md#devices: a file that is there must be the device that was asked for.
Result<> check_same(BorrowedFd file, mode_t type, dev_t number) {
  TRY_SET(const struct stat st, sys::stat_fd(file));
  if ((st.st_mode & S_IFMT) == type && (type == S_IFIFO || st.st_rdev == number)) return {};
  return fail(Code::kInvalidArgument,
              "linux.devices: another file is there already; remove it from the root filesystem");
}

constexpr std::uint64_t kSlave = 1U << 19;  // MS_SLAVE

// A clone is its original's peer. A slave still sees what is mounted there later; else the ways part.
Result<> leave_peers(fs::DetachedMount& root, const fs::MountOptions& propagation) {
  if (propagation.propagation != kSlave) return root.set_private();
  fs::MountOptions slave;
  slave.propagation = kSlave;
  slave.propagation_recursive = true;
  return root.set_attributes(slave);
}

// A directory that was asked for and cannot be shown through an id map is an error of its own kind: it is no reason for
// a container to have the host's users instead, as a host without private users is.
Result<> or_refused(Result<> mapped, const std::string& path) {
  if (mapped) return mapped;
  if (mapped.error().sys_errno() == EPERM)
    return fail(Code::kPermission,
                quote(path) +
                    " cannot be mounted through an id map: that needs root of the host, "
                    "to whom its file system belongs; leave the map out");
  if (mapped.error().code() != Code::kNoPrivateUsers)
    return std::unexpected(std::move(mapped).error().while_doing("id-map " + path));
  return fail(Code::kUnsupported, quote(path) + " cannot be shown to the container's users: " +
                                      mapped.error().to_string() +
                                      "; with the host's users (--userns host) it can");
}

Result<fs::DetachedMount> make_directory_root(const DirectoryRoot& root,
                                              const fs::MountOptions& propagation,
                                              std::optional<BorrowedFd> user_ns) {
  const bool id_mapped = root.id_mapped && user_ns;
  TRY_SET(fs::DetachedMount mount,
          fs::DetachedMount::clone(sys::kCwd, root.path.c_str(), !id_mapped));
  TRY(leave_peers(mount, propagation));
  if (id_mapped) TRY(or_refused(mount.set_id_map(*user_ns, false), root.path));
  TRY_SET(const struct stat st, sys::stat_fd(mount.root()));
  if (!S_ISDIR(st.st_mode))
    return fail(Code::kInvalidArgument,
                "root filesystem " + quote(root.path) + " is not a directory");
  return mount;
}

}  // namespace

Result<fs::DetachedMount> make_root(const LaunchRequest& request,
                                    const fs::MountOptions& propagation,
                                    std::optional<BorrowedFd> user_ns) {
  if (const auto* directory = std::get_if<DirectoryRoot>(&request.root))
    return make_directory_root(*directory, propagation, user_ns);
  const auto& overlay = std::get<OverlayRoot>(request.root);
  TRY_SET(fs::DetachedMount mount, fs::make_overlay({.layers = overlay.layers,
                                                     .upper = overlay.upper,
                                                     .work = overlay.work,
                                                     .is_volatile = overlay.is_volatile},
                                                    user_ns));
  // Root inside can make no device nodes; those that an image brings are dead, too.
  fs::MountOptions options;
  options.set = MOUNT_ATTR_NODEV;
  if (user_ns) TRY(mount.set_attributes(options));
  return mount;
}

Result<> make_other_devices(BorrowedFd root, const Plan& plan, Owner owner) {
  for (const oci::Device& device : plan.other_devices)
    TRY(make_device(root, std::string_view(device.path).substr(1), device, owner), device.path);
  return {};
}

Result<> make_dev_links(BorrowedFd dev, Owner owner) {
  struct Link {
    const char* name;
    const char* target;
  };
  constexpr Link kLinks[] = {{"fd", "/proc/self/fd"},
                             {"stdin", "/proc/self/fd/0"},
                             {"stdout", "/proc/self/fd/1"},
                             {"stderr", "/proc/self/fd/2"},
                             {"ptmx", "pts/ptmx"}};
  for (const Link& link : kLinks) {
    const Result<> made = sys::symlink_at(link.target, dev, link.name);
    if (!made && made.error().code() == Code::kAlreadyExists) continue;
    TRY(made);
    TRY(give_to(dev, link.name, owner));
  }
  return {};
}

Result<> make_device(BorrowedFd dev, std::string_view name, const oci::Device& device,
                     Owner owner) {
  TRY_SET(UniqueFd again, sys::duplicate(dev));
  const fs::Root root(std::move(again));
  const auto [above, leaf] = fs::split_last(name);
  TRY(make_directories_above(root, above, owner));
  TRY_SET(const fs::Place place, root.parent(name));
  const mode_t mode = device.file_mode.value_or(kDefaultDeviceMode) & kPermissions;
  const mode_t type = type_bits(device.type.front());
  const dev_t number = number_of(device);
  Result<> made = sys::make_node_at(place.dir.borrow(), place.name.c_str(), type | mode, number);
  if (!made && made.error().code() != Code::kAlreadyExists) return made;
  TRY_SET(const UniqueFd node,
          sys::open_at(place.dir.borrow(), place.name.c_str(), O_PATH | O_NOFOLLOW));
  if (!made) return check_same(node.borrow(), type, number);
  const uid_t uid = owner.uid + device.uid.value_or(0);
  const gid_t gid = owner.gid + device.gid.value_or(0);
  if (uid != 0 || gid != 0) TRY(sys::change_owner(node.borrow(), uid, gid));
  return sys::change_mode(node.borrow(), mode);  // whatever the caller's umask
}

Result<fs::DetachedMount> make_dev(const Plan& plan, const PlannedMount& mount, Owner owner) {
  fs::MountOptions options = mount.options;
  options.data.push_back({.key = "uid", .value = std::to_string(owner.uid)});
  options.data.push_back({.key = "gid", .value = std::to_string(owner.gid)});
  TRY_SET(fs::DetachedMount dev, fs::DetachedMount::make(mount.type, mount.source, options));
  constexpr std::string_view kDev = "/dev/";
  for (const oci::Device& device : plan.devices)
    TRY(make_device(dev.root(), std::string_view(device.path).substr(kDev.size()), device, owner),
        device.path);
  TRY(make_dev_links(dev.root(), owner));
  return dev;
}

// The user namespace whose map is the mount's; invalid for the container's own.
Result<UniqueFd> namespace_of_map(const PlannedMount& mount, const oci::Linux& spec,
                                  bool private_users) {
  const bool own =
      !mount.uid_mappings.empty() && !(private_users && mount.uid_mappings == spec.uid_mappings &&
                                       mount.gid_mappings == spec.gid_mappings);
  if (!own) return UniqueFd();
  return make_user_namespace(mount.uid_mappings, mount.gid_mappings);
}

Result<> set_id_map(fs::DetachedMount& bind, const PlannedMount& mount, const oci::Linux& spec,
                    std::optional<BorrowedFd> user_ns) {
  const fs::IdMap wish = mount.options.id_map;
  if (mount.uid_mappings.empty() && wish == fs::IdMap::kNone) return {};
  TRY_SET(const UniqueFd own, namespace_of_map(mount, spec, user_ns.has_value()));
  if (!own.valid() && !user_ns)
    return fail(Code::kInvalidArgument, "the option idmap needs an id map, and there is none");
  const bool recursive =
      wish == fs::IdMap::kRecursive || (wish == fs::IdMap::kNone && mount.options.bind_recursive);
  return bind.set_id_map(own.valid() ? own.borrow() : *user_ns, recursive);
}

namespace {

// The host's device node that stands for one we may not make.
Result<fs::DetachedMount> clone_device(const oci::Device& device) {
  auto bind = fs::DetachedMount::clone(sys::kCwd, device.path.c_str(), false);
  const bool absent = !bind && bind.error().code() == Code::kNotFound;
  if (!bind && !absent) return bind;
  if (!absent) {
    TRY_SET(const struct stat st, sys::stat_fd(bind->root()));
    if ((st.st_mode & S_IFMT) == type_bits(device.type.front()) && st.st_rdev == number_of(device))
      return bind;
  }
  return fail(Code::kUnsupported,
              "linux.devices: " + quote(device.path) + " of this host is not the device " +
                  device.type + " " + std::to_string(device.major) + ":" +
                  std::to_string(device.minor) + ", and only root of the host can make one");
}

// In a user namespace what lies below a host's mount stays covered.
Result<fs::DetachedMount> clone_source(const PlannedMount& mount) {
  if (mount.device) return clone_device(*mount.device);
  auto bind =
      fs::DetachedMount::clone(sys::kCwd, mount.source.c_str(), mount.options.bind_recursive);
  if (bind || bind.error().sys_errno() != EINVAL || mount.options.bind_recursive) return bind;
  return fail(Code::kUnsupported, quote(mount.source) +
                                      " has mounts below it, which cannot be left out by a user; "
                                      "bind it with rbind");
}

}  // namespace

Result<fs::DetachedMount> make_bind(const PlannedMount& mount, const oci::Linux& spec,
                                    std::optional<BorrowedFd> user_ns) {
  TRY_SET(fs::DetachedMount bind, clone_source(mount));
  TRY(or_refused(set_id_map(bind, mount, spec, user_ns), mount.source));
  if (mount.options.propagation == 0) TRY(bind.set_private());
  TRY(bind.set_attributes(mount.options));
  return bind;
}

namespace {

Result<fs::DetachedMount> make_volume(const LaunchRequest& request, const PlannedMount& mount,
                                      std::optional<BorrowedFd> user_ns) {
  const auto ready =
      std::ranges::find(request.ready_mounts, mount.destination, &ReadyMount::destination);
  if (ready != request.ready_mounts.end()) {
    TRY_SET(UniqueFd own, sys::duplicate(ready->mount));
    return fs::DetachedMount(std::move(own));
  }
  const auto image =
      std::ranges::find(request.layer_mounts, mount.destination, &LayersMount::destination);
  if (image == request.layer_mounts.end()) return make_bind(mount, request.spec.linux_, user_ns);
  return fs::make_view(image->layers, image->subpath, mount.options, user_ns);
}

}  // namespace

Result<std::vector<fs::DetachedMount>> make_host_mounts(
    const LaunchRequest& request, const Plan& plan,
    const std::function<Result<Owner>()>& find_owner, std::optional<BorrowedFd> user_ns,
    const Steps& steps) {
  std::vector<fs::DetachedMount> made(1);
  TRY(steps.run(info_of(LaunchStep::kRoot), [&]() -> Result<> {
    TRY_SET(made.front(), make_root(request, plan.root_propagation, user_ns));
    return {};
  }));
  TRY_SET(const Owner owner, find_owner());
  if (plan.user_ns) TRY(make_other_devices(made.front().root(), plan, owner));
  for (const PlannedMount& mount : plan.mounts) {
    if (mount.maker != Maker::kParentBind && mount.maker != Maker::kParentDev) continue;
    const bool dev = mount.maker == Maker::kParentDev;
    TRY(steps.run(info_of(dev || mount.device ? LaunchStep::kDevices : LaunchStep::kVolumes),
                  mount.destination, [&]() -> Result<> {
                    TRY_SET(fs::DetachedMount one, dev ? make_dev(plan, mount, owner)
                                                       : make_volume(request, mount, user_ns));
                    made.push_back(std::move(one));
                    return {};
                  }));
  }
  return made;
}

}  // namespace planet::runtime
