#include "runtime/plan.h"

#include <linux/sched.h>
#include <sys/stat.h>

#include <algorithm>
#include <iterator>

#include "base/strings.h"

namespace planet::runtime {
namespace {

using oci::NamespaceType;

// In the order of oci::NamespaceType.
constexpr NamespaceKind kKinds[] = {
    {CLONE_NEWPID, "pid", "pid"},          {CLONE_NEWNET, "network", "net"},
    {CLONE_NEWNS, "mount", "mnt"},         {CLONE_NEWIPC, "ipc", "ipc"},
    {CLONE_NEWUTS, "uts", "uts"},          {CLONE_NEWUSER, "user", "user"},
    {CLONE_NEWCGROUP, "cgroup", "cgroup"}, {CLONE_NEWTIME, "time", "time"}};

bool has_namespace(const Plan& plan, std::uint64_t flag) {
  return (plan.join_flags & flag) != 0;
}

void plan_new(const NamespaceKind& kind, Plan& plan) {
  switch (kind.flag) {
    case CLONE_NEWNET:
    case CLONE_NEWIPC:
      plan.unshare_flags |= kind.flag;
      break;
    case CLONE_NEWTIME:
      plan.new_time = true;
      break;
    case CLONE_NEWCGROUP:  // when init is in its group
      plan.new_cgroup_ns = true;
      break;
    default:
      plan.clone_flags |= kind.flag;
  }
}

Result<> plan_namespaces(const oci::Spec& spec, Plan& plan) {
  for (const oci::Namespace& ns : spec.linux_.namespaces) {
    const NamespaceKind& kind = kind_of(ns.type);
    plan.join_flags |= kind.flag;
    if (ns.path.empty())
      plan_new(kind, plan);
    else
      plan.joined.push_back({.kind = kind, .path = ns.path});
  }
  if (!has_namespace(plan, CLONE_NEWNS))
    return fail(
        Code::kInvalidArgument,
        "linux.namespaces has no \"mount\": a container without it would mount over the host");
  plan.user_ns = has_namespace(plan, CLONE_NEWUSER);
  return {};
}

Maker maker_of(const PlannedMount& mount) {
  if (mount.options.remount) return Maker::kRemount;
  if (mount.options.bind || mount.type == "bind") return Maker::kParentBind;
  if (mount.type == "cgroup" || mount.type == "cgroup2") return Maker::kInitCgroup;
  if (mount.destination == "/dev" && mount.type == "tmpfs") return Maker::kParentDev;
  return Maker::kInit;
}

Result<PlannedMount> plan_mount(const oci::Mount& mount) {
  if (mount.destination.empty() || mount.destination.front() != '/')
    return fail(Code::kInvalidArgument,
                "mounts: destination " + quote(mount.destination) + " is not an absolute path");
  PlannedMount planned{.destination = mount.destination,
                       .type = mount.type,
                       .source = mount.source,
                       .options = {},
                       .maker = Maker::kInit,
                       .uid_mappings = mount.uid_mappings,
                       .gid_mappings = mount.gid_mappings,
                       .device = {}};
  while (planned.destination.size() > 1 && planned.destination.ends_with('/'))
    planned.destination.pop_back();
  TRY_SET(planned.options, fs::parse_mount_options(mount.options), mount.destination);
  planned.maker = maker_of(planned);
  const bool mapped = planned.options.id_map != fs::IdMap::kNone || !mount.uid_mappings.empty();
  if (mapped && planned.maker != Maker::kParentBind)
    return fail(Code::kUnsupported, "mounts: " + quote(mount.destination) +
                                        ": an id map is supported for bind mounts only");
  if (planned.maker == Maker::kParentBind)
    std::erase_if(planned.options.data, fs::is_file_system_flag);
  if (planned.maker == Maker::kParentBind && !planned.options.data.empty())
    return fail(Code::kInvalidArgument, "mounts: " + quote(mount.destination) +
                                            ": a bind mount has no option " +
                                            quote(planned.options.data.front().key));
  return planned;
}

// What the file system itself can be told is its option. proc, sysfs and the control groups have labels of their own; that
// of mqueue is an attribute of its root.
void label_mount(PlannedMount& mount, const std::string& label) {
  if (label.empty() || (mount.maker != Maker::kInit && mount.maker != Maker::kParentDev)) return;
  if (mount.type == "proc" || mount.type == "sysfs") return;
  if (mount.type == "mqueue") {
    mount.root_label = label;
    return;
  }
  const auto said = [](const fs::DataOption& option) { return option.key == "context"; };
  if (std::ranges::none_of(mount.options.data, said))
    mount.options.data.push_back({.key = "context", .value = label});
}

// config-linux.md#default-devices
std::vector<oci::Device> default_devices() {
  struct Node {
    const char* path;
    std::int64_t major, minor;
  };
  constexpr Node kNodes[] = {{"/dev/null", 1, 3},   {"/dev/zero", 1, 5},    {"/dev/full", 1, 7},
                             {"/dev/random", 1, 8}, {"/dev/urandom", 1, 9}, {"/dev/tty", 5, 0}};
  std::vector<oci::Device> devices;
  for (const Node& node : kNodes)
    devices.push_back({.type = "c",
                       .path = node.path,
                       .major = node.major,
                       .minor = node.minor,
                       .file_mode = 0666,
                       .uid = std::nullopt,
                       .gid = std::nullopt});
  return devices;
}

// The parent makes them in the root itself, before anything is mounted below it: init cannot in a user namespace.
Result<> check_not_covered(const oci::Device& device, const Plan& plan) {
  const auto covers = [&](const PlannedMount& mount) {
    return mount.destination != "/" && device.path.starts_with(mount.destination + "/");
  };
  const auto found = std::ranges::find_if(plan.mounts, covers);
  if (found == plan.mounts.end()) return {};
  return fail(Code::kUnsupported, "linux.devices: " + quote(device.path) +
                                      " is below the mount at " + quote(found->destination) +
                                      ", where none can be made with a user namespace; bind it");
}

// Root of the host alone makes device nodes. Elsewhere the host's are bound: those of /dev as soon as it is there, others
// at the end. (Anybody makes a FIFO.)
void bind_devices(Plan& plan) {
  const auto take = [&](std::vector<oci::Device>& devices) {
    std::vector<PlannedMount> binds;
    for (const oci::Device& device : devices) {
      if (device.type == "p") continue;
      PlannedMount bind{.destination = device.path,
                        .type = "bind",
                        .source = device.path,
                        .options = {},
                        .maker = Maker::kParentBind,
                        .uid_mappings = {},
                        .gid_mappings = {},
                        .device = device};
      bind.options.bind = true;
      binds.push_back(std::move(bind));
    }
    std::erase_if(devices, [](const oci::Device& device) { return device.type != "p"; });
    plan.parent_mounts += binds.size();
    return binds;
  };
  const auto dev = std::ranges::find(plan.mounts, Maker::kParentDev, &PlannedMount::maker);
  if (dev != plan.mounts.end()) {
    std::vector<PlannedMount> binds = take(plan.devices);
    plan.mounts.insert(dev + 1, std::make_move_iterator(binds.begin()),
                       std::make_move_iterator(binds.end()));
  }
  std::ranges::move(take(plan.other_devices), std::back_inserter(plan.mounts));
}

Result<> plan_devices(const oci::Spec& spec, Plan& plan) {
  plan.devices = default_devices();
  for (const oci::Device& device : spec.linux_.devices) {
    if (!device.path.starts_with("/dev/")) {
      if (plan.user_ns && plan.rights == Rights::kHost) TRY(check_not_covered(device, plan));
      plan.other_devices.push_back(device);
      continue;
    }
    std::erase_if(plan.devices,
                  [&](const oci::Device& other) { return other.path == device.path; });
    plan.devices.push_back(device);
  }
  const bool own_dev = std::ranges::any_of(
      plan.mounts, [](const PlannedMount& mount) { return mount.maker == Maker::kParentDev; });
  if (!own_dev && plan.user_ns)
    return fail(Code::kInvalidArgument,
                "mounts has no tmpfs at /dev: with a user namespace the devices need one");
  if (plan.rights != Rights::kHost) bind_devices(plan);
  return {};
}

// What the specification has and this version has not: refused by name, never passed over.
Result<> check_supported(const oci::Spec& spec) {
  if (spec.linux_.intel_rdt)
    return fail(Code::kUnsupported,
                "linux.intelRdt is not supported by this version: no resctrl group would be made; "
                "leave it out");
  return {};
}

}  // namespace

const NamespaceKind& kind_of(NamespaceType type) {
  return kKinds[static_cast<std::size_t>(type)];
}

Result<Plan> plan_launch(const oci::Spec& spec, Rights rights) {
  TRY(check_supported(spec));
  Plan plan;
  plan.rights = rights;
  TRY(plan_namespaces(spec, plan));
  for (const oci::Mount& mount : spec.mounts) {
    TRY_SET(PlannedMount planned, plan_mount(mount));
    const bool mapped = planned.options.id_map != fs::IdMap::kNone || !mount.uid_mappings.empty();
    if (mapped && rights == Rights::kUser)
      return fail(Code::kUnsupported, "mounts: " + quote(mount.destination) +
                                          ": only root mounts through an id map; leave it out");
    label_mount(planned, spec.linux_.mount_label);
    if (planned.maker == Maker::kParentBind || planned.maker == Maker::kParentDev)
      ++plan.parent_mounts;
    plan.mounts.push_back(std::move(planned));
  }
  TRY(plan_devices(spec, plan));
  if (!spec.linux_.rootfs_propagation.empty()) {
    TRY_SET(plan.root_propagation, fs::parse_mount_options({spec.linux_.rootfs_propagation}),
            "linux.rootfsPropagation");
  }
  return plan;
}

Result<Plan> plan_exec(const oci::Spec& spec, Rights rights) {
  Plan plan;
  plan.rights = rights;
  TRY(plan_namespaces(spec, plan));
  return plan;
}

}  // namespace planet::runtime
