#include "features.h"

#include "fs/mount_options.h"
#include "oci/names.h"
#include "runtime/criu.h"

namespace planet::cli {
namespace {

template <class Names>
std::vector<std::string> texts(const Names& names) {
  return {std::begin(names), std::end(names)};
}

// Those of the specification that libseccomp can compile for.
std::vector<std::string> known_architectures() {
  constexpr std::string_view kUnknown[] = {"SCMP_ARCH_LOONGARCH64", "SCMP_ARCH_M68K",
                                           "SCMP_ARCH_SH", "SCMP_ARCH_SHEB"};
  std::vector<std::string> names = texts(oci::kSeccompArchitectures);
  std::erase_if(names, [&](const std::string& name) { return oci::is_one_of(kUnknown, name); });
  return names;
}

oci::LinuxFeatures linux_features() {
  oci::LinuxFeatures features;
  features.namespaces = {"cgroup", "ipc", "mount", "network", "pid", "time", "user", "uts"};
  features.capabilities = texts(oci::kCapabilities);
  features.cgroup = oci::CgroupFeatures{
      .v1 = true, .v2 = true, .systemd = true, .systemd_user = true, .rdma = true};
  features.seccomp = oci::SeccompFeatures{
      .enabled = true,
      .actions = {"SCMP_ACT_ALLOW", "SCMP_ACT_ERRNO", "SCMP_ACT_KILL", "SCMP_ACT_KILL_PROCESS",
                  "SCMP_ACT_KILL_THREAD", "SCMP_ACT_LOG", "SCMP_ACT_NOTIFY", "SCMP_ACT_TRACE",
                  "SCMP_ACT_TRAP"},
      .operators = texts(oci::kSeccompOperators),
      .archs = known_architectures(),
      .known_flags = texts(oci::kSeccompFlags),
      .supported_flags = {"SECCOMP_FILTER_FLAG_TSYNC", "SECCOMP_FILTER_FLAG_LOG",
                          "SECCOMP_FILTER_FLAG_SPEC_ALLOW",
                          "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"}};
  features.apparmor = true;
  features.selinux = true;
  features.intel_rdt =
      oci::IntelRdtFeatures{.enabled = false, .schemata = false, .monitoring = false};
  features.memory_policy = oci::MemoryPolicyFeatures{.modes = texts(oci::kMemoryPolicyModes),
                                                     .flags = texts(oci::kMemoryPolicyFlags)};
  features.idmap_mounts = true;
  features.net_devices = true;
  return features;
}

}  // namespace

oci::Features own_features() {
  oci::Features features;
  features.hooks = texts(oci::kHooks);
  features.mount_options = fs::known_mount_options();
  features.linux_ = linux_features();
  features.annotations["org.opencontainers.runc.checkpoint.enabled"] =
      runtime::Criu::find() ? "true" : "false";
  return features;
}

}  // namespace planet::cli
