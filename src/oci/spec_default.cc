#include "oci/spec_default.h"

#include "oci/spec_json.h"

namespace planet::oci {
namespace {

std::vector<Mount> default_mounts() {
  return {
      {.destination = "/proc",
       .type = "proc",
       .source = "proc",
       .options = {"nosuid", "noexec", "nodev"}},
      {.destination = "/dev",
       .type = "tmpfs",
       .source = "tmpfs",
       .options = {"nosuid", "strictatime", "mode=755", "size=65536k"}},
      {.destination = "/dev/pts",
       .type = "devpts",
       .source = "devpts",
       .options = {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}},
      {.destination = "/dev/shm",
       .type = "tmpfs",
       .source = "shm",
       .options = {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}},
      {.destination = "/dev/mqueue",
       .type = "mqueue",
       .source = "mqueue",
       .options = {"nosuid", "noexec", "nodev"}},
      {.destination = "/sys",
       .type = "sysfs",
       .source = "sysfs",
       .options = {"nosuid", "noexec", "nodev", "ro"}},
      {.destination = "/sys/fs/cgroup",
       .type = "cgroup",
       .source = "cgroup",
       .options = {"nosuid", "noexec", "nodev", "relatime", "ro"}},
  };
}

Process default_process() {
  const std::vector<std::string> few = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  Process process;
  process.terminal = true;
  process.args = {"sh"};
  process.env = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"};
  process.capabilities = Capabilities{.bounding = few, .effective = few, .permitted = few};
  process.rlimits = {{.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 1024}};
  process.no_new_privileges = true;
  return process;
}

std::vector<Namespace> namespaces(std::initializer_list<NamespaceType> types) {
  std::vector<Namespace> out;
  for (const NamespaceType type : types) out.push_back({.type = type});
  return out;
}

}  // namespace

Spec default_spec() {
  Spec spec;
  spec.process = default_process();
  spec.root = RootFs{.path = "rootfs", .readonly = true};
  spec.hostname = "planet";
  spec.mounts = default_mounts();
  spec.linux_.resources.emplace().devices = {{.allow = false}};
  spec.linux_.namespaces =
      namespaces({NamespaceType::kPid, NamespaceType::kNetwork, NamespaceType::kIpc,
                  NamespaceType::kUts, NamespaceType::kMount, NamespaceType::kCgroup});
  spec.linux_.masked_paths = {"/proc/acpi",        "/proc/asound",        "/proc/kcore",
                              "/proc/keys",        "/proc/latency_stats", "/proc/timer_list",
                              "/proc/timer_stats", "/proc/sched_debug",   "/sys/firmware",
                              "/proc/scsi"};
  spec.linux_.readonly_paths = {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                "/proc/sysrq-trigger"};
  return spec;
}

Spec rootless_spec(uid_t uid, gid_t gid) {
  Spec spec = default_spec();
  spec.linux_.resources.reset();
  spec.linux_.namespaces =
      namespaces({NamespaceType::kPid, NamespaceType::kIpc, NamespaceType::kUts,
                  NamespaceType::kMount, NamespaceType::kCgroup, NamespaceType::kUser});
  spec.linux_.uid_mappings = {{.container_id = 0, .host_id = uid, .size = 1}};
  spec.linux_.gid_mappings = {{.container_id = 0, .host_id = gid, .size = 1}};
  for (Mount& mount : spec.mounts) {
    // Group 5 is not mapped.
    std::erase(mount.options, "gid=5");
    // sysfs shows a network namespace, and only its owner may mount it: the host's tree is bound instead.
    if (mount.destination == "/sys")
      mount = {.destination = "/sys",
               .type = "none",
               .source = "/sys",
               .options = {"rbind", "nosuid", "noexec", "nodev", "ro"}};
  }
  return spec;
}

std::string default_spec_text() {
  return write_spec(default_spec(), Form::kPretty);
}

}  // namespace planet::oci
