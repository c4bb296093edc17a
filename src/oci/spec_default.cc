#include "oci/spec_default.h"

#include "oci/json.h"
#include "oci/spec_json.h"

namespace planet::oci {
namespace {

json::object mount(const char* destination, const char* type, const char* source,
                   std::initializer_list<json::value_ref> options) {
  return {{"destination", destination},
          {"type", type},
          {"source", source},
          {"options", json::value(options)}};
}

json::array default_mounts() {
  return {
      mount("/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}),
      mount("/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}),
      mount("/dev/pts", "devpts", "devpts",
            {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620", "gid=5"}),
      mount("/dev/shm", "tmpfs", "shm", {"nosuid", "noexec", "nodev", "mode=1777", "size=65536k"}),
      mount("/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}),
      mount("/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", "ro"}),
      mount("/sys/fs/cgroup", "cgroup", "cgroup", {"nosuid", "noexec", "nodev", "relatime", "ro"})};
}

json::object default_process() {
  const json::array few = {"CAP_AUDIT_WRITE", "CAP_KILL", "CAP_NET_BIND_SERVICE"};
  return {
      {"terminal", true},
      {"user", {{"uid", 0}, {"gid", 0}}},
      {"args", {"sh"}},
      {"env", {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "TERM=xterm"}},
      {"cwd", "/"},
      {"capabilities", {{"bounding", few}, {"effective", few}, {"permitted", few}}},
      {"rlimits", json::array{{{"type", "RLIMIT_NOFILE"}, {"hard", 1024}, {"soft", 1024}}}},
      {"noNewPrivileges", true}};
}

json::object default_linux() {
  json::array namespaces;
  for (const char* type : {"pid", "network", "ipc", "uts", "mount", "cgroup"})
    namespaces.push_back(json::object{{"type", type}});
  const json::object deny_all = {{"allow", false}, {"access", "rwm"}};
  return {{"resources", {{"devices", json::array{deny_all}}}},
          {"namespaces", namespaces},
          {"maskedPaths",
           {"/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
            "/proc/timer_list", "/proc/timer_stats", "/proc/sched_debug", "/sys/firmware",
            "/proc/scsi"}},
          {"readonlyPaths",
           {"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"}}};
}

}  // namespace

std::string default_spec_text() {
  const json::object spec = {{"ociVersion", "1.2.0"},
                             {"process", default_process()},
                             {"root", {{"path", "rootfs"}, {"readonly", true}}},
                             {"hostname", "planet"},
                             {"mounts", default_mounts()},
                             {"linux", default_linux()}};
  return to_pretty_text(spec);
}

}  // namespace planet::oci
