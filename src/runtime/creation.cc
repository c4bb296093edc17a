#include "runtime/creation.h"

#include <algorithm>

#include "base/strings.h"
#include "base/undo.h"
#include "cgroup/resources.h"
#include "oci/validate.h"
#include "security/capabilities.h"
#include "sys/capability.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

bool is_bind(const oci::Mount& mount) {
  return mount.type == "bind" || std::ranges::any_of(mount.options, [](const std::string& option) {
           return option == "bind" || option == "rbind";
         });
}

// A relative source is meant from the bundle, a relative destination, which is deprecated, from the root: config.md#mounts.
void complete_paths(CreateRequest& request) {
  for (oci::Mount& mount : request.spec.mounts) {
    if (is_bind(mount) && !mount.source.starts_with('/'))
      mount.source = request.bundle + "/" + mount.source;
    if (mount.destination.starts_with('/')) continue;
    request.warn("mounts: destination " + quote(mount.destination) +
                 " is not an absolute path; taken from /");
    mount.destination.insert(0, "/");
  }
}

// config-linux.md#default-devices: they can be used, whatever the rules say.
void allow_default_devices(oci::Linux& spec) {
  if (!spec.resources || spec.resources->devices.empty()) return;
  for (oci::DeviceRule& rule : cgroup::default_device_rules())
    if (rule.allow) spec.resources->devices.push_back(std::move(rule));
}

// Without the host's rights nobody in the container can make a node, and those that it has are the caller's; nor could the
// rules be set.
void leave_out_device_rules(CreateRequest& request) {
  if (request.rights != Rights::kHost && request.spec.linux_.resources)
    request.spec.linux_.resources->devices.clear();
}

// Root of a user namespace has every capability; else nobody can give more than it has.
Result<> drop_ungrantable(const oci::Spec& spec, oci::Process& process, const Warn& warn) {
  if (!process.capabilities) return {};
  security::CapabilitySet grantable = ~security::CapabilitySet{0};
  if (oci::find_namespace(spec.linux_, oci::NamespaceType::kUser) == nullptr) {
    TRY_SET(grantable, sys::permitted_capabilities());
  }
  for (const std::string& name : security::drop_ungrantable(*process.capabilities, grantable))
    warn("process.capabilities: " + quote(name.substr(0, 100)) +
         " cannot be granted here; the process runs without");
  return {};
}

// A group that others have made is taken, as engines want it; what they do with it, its limits or its end, is common.
Result<bool> look_at_group(const CreateRequest& request) {
  if (request.spec.linux_.cgroups_path.empty()) return false;
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(const cgroup::Group group, cgroup::Group::open(host, request.spec.linux_.cgroups_path));
  TRY_SET(const std::vector<pid_t> others, group.processes());
  if (!others.empty())
    request.warn("linux.cgroupsPath " + quote(request.spec.linux_.cgroups_path) +
                 ": the control group is not empty, it has " + std::to_string(others.size()) +
                 " processes; limits count for all of them");
  return !others.empty();
}

// By which a checkpoint knows them; none with a terminal.
std::vector<std::string> stream_names(const std::optional<Stdio>& stdio) {
  std::vector<std::string> names;
  if (!stdio) return names;
  for (const BorrowedFd fd : {stdio->in, stdio->out, stdio->err})
    names.push_back(
        sys::read_link_at(sys::kCwd, ("/proc/self/fd/" + std::to_string(fd.get())).c_str())
            .value_or(""));
  return names;
}

}  // namespace

std::string root_path(const CreateRequest& request) {
  const std::string& path = request.spec.root->path;
  return path.starts_with('/') ? path : request.bundle + "/" + path;
}

Result<> complete(CreateRequest& request) {
  TRY(check_rights(request.spec, request.rights));
  if (request.spec.process)
    TRY(drop_ungrantable(request.spec, *request.spec.process, request.warn));
  TRY(oci::validate(request.spec));
  if (!request.spec.root || request.spec.root->path.empty())
    return fail(Code::kInvalidArgument, "root.path is missing");
  complete_paths(request);
  allow_default_devices(request.spec.linux_);
  leave_out_device_rules(request);
  if (request.systemd_cgroup) return {};
  return choose_group(request.spec.linux_, request.id, request.rights, request.group);
}

Result<> complete_process(const oci::Spec& spec, oci::Process& process, const Warn& warn) {
  TRY(drop_ungrantable(spec, process, warn));
  return oci::validate_process(process);
}

Result<Begun> begin(const SavedContainers& containers, CreateRequest& request) {
  Begun begun;
  if (request.systemd_cgroup) {
    TRY_SET(begun.systemd, SystemdGroup::plan(request.spec, request.id));
  }
  TRY_SET(begun.container, containers.add(request.id, request.bundle, request.spec));
  Undo undo;
  undo.add([&] { (void)containers.remove(request.id); });
  if (begun.systemd) begun.container.unit = begun.systemd->unit();
  begun.container.streams = stream_names(request.stdio);
  TRY_SET(begun.container.shares_group, look_at_group(request));
  undo.commit();
  return begun;
}

}  // namespace planet::runtime
