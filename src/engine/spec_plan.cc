#include "engine/spec_plan.h"

#include <algorithm>

#include "base/strings.h"
#include "cgroup/resources.h"
#include "engine/environment.h"
#include "engine/record.h"
#include "engine/sharing.h"
#include "security/defaults.h"

namespace planet::engine {
namespace {

Result<std::vector<std::string>> plan_args(const RunRequest& request,
                                           const oci::ImageConfig& image) {
  // A new entrypoint makes the image's command meaningless: docker-run(1), --entrypoint.
  std::vector<std::string> args = request.entrypoint ? *request.entrypoint : image.entrypoint;
  const bool use_image_cmd = request.command.empty() && !request.entrypoint;
  const std::vector<std::string>& rest = use_image_cmd ? image.cmd : request.command;
  args.insert(args.end(), rest.begin(), rest.end());
  if (args.empty())
    return fail(Code::kInvalidArgument, "no command: the image names none, so give one after it");
  if (args.front().empty())
    return fail(Code::kCommandNotFound, "the command is an empty word; give the name of a program");
  return args;
}

Result<std::string> plan_work_dir(const RunRequest& request, const oci::ImageConfig& image) {
  if (request.work_dir) {
    if (!request.work_dir->starts_with('/'))
      return fail(Code::kInvalidArgument,
                  "--workdir " + quote(*request.work_dir) + " is not an absolute path");
    return *request.work_dir;
  }
  if (image.working_dir.empty()) return std::string("/");
  return image.working_dir.starts_with('/') ? image.working_dir : "/" + image.working_dir;
}

// "All" is all that there is to give; what was asked for by name must be there.
Result<oci::Capabilities> plan_capabilities(const RunRequest& request, const Identity& identity) {
  const std::vector<std::string>& all = identity.capabilities;
  TRY_SET(const std::vector<std::string> names,
          security::change_capabilities(request.privileged ? all : security::default_capabilities(),
                                        all, request.cap_add, request.cap_drop));
  const auto missing = std::ranges::find_if(
      names, [&](const std::string& name) { return std::ranges::find(all, name) == all.end(); });
  if (missing != names.end())
    return fail(Code::kPermission, *missing + " cannot be given: Planet does not have it itself; " +
                                       "leave it out, or use private users (--userns auto)");
  return oci::Capabilities{
      .bounding = names, .effective = names, .inheritable = {}, .permitted = names, .ambient = {}};
}

std::vector<oci::Namespace> plan_namespaces(const RunRequest& request, const Identity& identity) {
  using oci::NamespaceType;
  std::vector<oci::Namespace> namespaces;
  const Sharing& shared = request.shared;
  for (const auto& [type, sharing] :
       {std::pair(NamespaceType::kMount, std::string()), std::pair(NamespaceType::kPid, shared.pid),
        std::pair(NamespaceType::kUts, shared.uts), std::pair(NamespaceType::kIpc, shared.ipc),
        std::pair(NamespaceType::kCgroup, std::string())})
    if (sharing != "host") namespaces.push_back({.type = type, .path = ""});
  if (request.network != Network::kHost)
    namespaces.push_back({.type = NamespaceType::kNetwork, .path = ""});
  if (identity.id_base) namespaces.push_back({.type = NamespaceType::kUser, .path = ""});
  return namespaces;
}

void plan_system_mounts(const RunRequest& request, const Identity& identity, oci::Spec& spec) {
  const std::string rw = request.privileged ? "rw" : "ro";
  const auto add = [&](const char* destination, const char* type, const char* source,
                       std::vector<std::string> options) {
    spec.mounts.push_back({.destination = destination,
                           .type = type,
                           .source = source,
                           .options = std::move(options),
                           .uid_mappings = {},
                           .gid_mappings = {}});
  };
  add("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"});
  add("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"});
  add("/dev/pts", "devpts", "devpts",
      {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"});
  // The host's network shows in a sysfs that only its owner may mount: it is bound instead.
  if (identity.id_base && request.network == Network::kHost)
    add("/sys", "bind", "/sys", {"rbind", "nosuid", "noexec", "nodev", "rro"});
  else
    add("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", rw});
  if (!(identity.id_base && request.network == Network::kHost))
    add("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", rw});
  // Shows the queues of the ipc namespace that it is in, whosoever that is.
  add("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"});
  const std::string& ipc = request.shared.ipc;
  if (ipc == "host")
    add("/dev/shm", "bind", "/dev/shm", {"bind", "nosuid", "noexec", "nodev"});
  else if (shares_with_container(ipc))  // clone_shared_memory
    add("/dev/shm", "bind", ipc.c_str(), {"bind"});
  else if (ipc != "none")
    add("/dev/shm", "tmpfs", "shm",
        {"nosuid", "noexec", "nodev", "mode=1777", "size=" + std::to_string(request.shm_bytes)});
}

// Owned inside as on the host, as far as the container has such a user.
void plan_devices(const RunRequest& request, const Identity& identity, oci::Spec& spec) {
  for (const GrantedDevice& device : request.devices) {
    oci::Device node = device.node;
    if (identity.id_base && node.uid.value_or(0) >= kIdsPerContainer) node.uid.reset();
    if (identity.id_base && node.gid.value_or(0) >= kIdsPerContainer) node.gid.reset();
    spec.linux_.devices.push_back(std::move(node));
  }
}

void plan_resources(const RunRequest& request, oci::Spec& spec) {
  oci::Resources resources = request.resources;
  if (!resources.pids_limit) resources.pids_limit = kDefaultPidsLimit;
  // docker's: swap as much again as memory, unless said otherwise.
  if (resources.memory && resources.memory->limit && *resources.memory->limit > 0 &&
      !resources.memory->swap)
    resources.memory->swap = *resources.memory->limit * 2;
  resources.devices =
      request.privileged
          ? std::vector<oci::DeviceRule>{{.allow = true, .type = "a", .access = "rwm"}}
          : cgroup::default_device_rules();
  if (!request.privileged)
    for (const GrantedDevice& device : request.devices)
      resources.devices.push_back({.allow = true,
                                   .type = device.node.type,
                                   .major = device.node.major,
                                   .minor = device.node.minor,
                                   .access = device.access});
  spec.linux_.resources = std::move(resources);
}

void plan_linux(const RunRequest& request, const Identity& identity, oci::Spec& spec) {
  spec.linux_.namespaces = plan_namespaces(request, identity);
  if (identity.id_base)
    spec.linux_.uid_mappings = {
        {.container_id = 0, .host_id = *identity.id_base, .size = kIdsPerContainer}};
  spec.linux_.gid_mappings = spec.linux_.uid_mappings;
  spec.linux_.cgroups_path = cgroup_path(request.cgroup_parent, identity.id);
  if (!request.privileged && !request.unmasked) {
    spec.linux_.masked_paths = security::masked_paths();
    spec.linux_.readonly_paths = security::read_only_paths();
  }
  spec.linux_.sysctl = request.sysctls;
  // A network of its own has no privileged ports to protect, and ping is no privilege there: as docker sets it.
  if (request.network != Network::kHost && request.shared.network.empty() && identity.id_base) {
    spec.linux_.sysctl.try_emplace("net.ipv4.ip_unprivileged_port_start", "0");
    spec.linux_.sysctl.try_emplace("net.ipv4.ping_group_range",
                                   "0 " + std::to_string(kIdsPerContainer - 1));
  }
  plan_devices(request, identity, spec);
  plan_resources(request, spec);
}

}  // namespace

std::string cgroup_path(const std::string& parent, const std::string& id) {
  return (parent.empty() ? "/planet" : parent) + "/" + id;
}

Result<oci::Spec> plan_spec(const RunRequest& request, const oci::ImageConfig& image,
                            const Identity& identity) {
  oci::Spec spec;
  const bool own_name = request.network != Network::kHost && request.shared.uts.empty();
  spec.hostname = request.hostname.value_or(own_name ? identity.id.substr(0, kShortId) : "");
  spec.domainname = request.naming.domain;
  oci::Process process;
  process.terminal = request.terminal;
  TRY_SET(process.args, plan_args(request, image));
  TRY_SET(const std::vector<std::string> env, given_environment(request.env, image.env));
  process.env = process_environment(env, spec.hostname, request.terminal);
  TRY_SET(process.cwd, plan_work_dir(request, image));
  TRY_SET(process.capabilities, plan_capabilities(request, identity));
  process.no_new_privileges = request.no_new_privileges;
  process.apparmor_profile = request.apparmor_profile;
  process.rlimits = request.ulimits;
  process.oom_score_adj = request.oom_score_adj;
  spec.process = std::move(process);
  // The launch is given its root; in config.json the field is there because it must be.
  spec.root = oci::RootFs{.path = request.rootfs.empty() ? "rootfs" : request.rootfs,
                          .readonly = request.read_only};
  plan_linux(request, identity, spec);
  plan_system_mounts(request, identity, spec);
  return spec;
}

}  // namespace planet::engine
