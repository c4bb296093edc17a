#include "oci/features.h"

#include "oci/codec.h"

namespace planet::oci {

// Found by Reader and Writer through the types' namespace, so not in an unnamed one.

void describe(auto& v, Is<CgroupFeatures> auto& cgroup) {
  v.optional("v1", cgroup.v1);
  v.optional("v2", cgroup.v2);
  v.optional("systemd", cgroup.systemd);
  v.optional("systemdUser", cgroup.systemd_user);
  v.optional("rdma", cgroup.rdma);
}

void describe(auto& v, Is<SeccompFeatures> auto& seccomp) {
  v.optional("enabled", seccomp.enabled);
  v.optional("actions", seccomp.actions);
  v.optional("operators", seccomp.operators);
  v.optional("archs", seccomp.archs);
  v.optional("knownFlags", seccomp.known_flags);
  v.optional("supportedFlags", seccomp.supported_flags);
}

void describe(auto& v, Is<IntelRdtFeatures> auto& rdt) {
  v.optional("enabled", rdt.enabled);
  v.optional("schemata", rdt.schemata);
  v.optional("monitoring", rdt.monitoring);
}

void describe(auto& v, Is<MemoryPolicyFeatures> auto& policy) {
  v.optional("modes", policy.modes);
  v.optional("flags", policy.flags);
}

// {"enabled": true}
void enabled(auto& v, std::string_view name, Is<std::optional<bool>> auto& value) {
  v.inner(name, [&](auto& inner) { inner.optional("enabled", value); });
}

void describe(auto& v, Is<LinuxFeatures> auto& part) {
  v.optional("namespaces", part.namespaces);
  v.optional("capabilities", part.capabilities);
  v.optional("cgroup", part.cgroup);
  v.optional("seccomp", part.seccomp);
  enabled(v, "apparmor", part.apparmor);
  enabled(v, "selinux", part.selinux);
  v.optional("intelRdt", part.intel_rdt);
  v.optional("memoryPolicy", part.memory_policy);
  v.inner("mountExtensions", [&](auto& inner) { enabled(inner, "idmap", part.idmap_mounts); });
  enabled(v, "netDevices", part.net_devices);
}

void describe(auto& v, Is<Features> auto& features) {
  v.required("ociVersionMin", features.oci_version_min);
  v.required("ociVersionMax", features.oci_version_max);
  v.optional("hooks", features.hooks);
  v.optional("mountOptions", features.mount_options);
  v.optional("linux", features.linux_);
  v.optional("annotations", features.annotations);
  v.optional("potentiallyUnsafeConfigAnnotations", features.unsafe_annotations);
}

std::string write_features(const Features& features, Form form) {
  return write_as(features, form);
}

Result<Features> parse_features(std::string_view text) {
  constexpr std::size_t kMostBytes = 1U << 20;
  return parse_as<Features>(text, kMostBytes);
}

}  // namespace planet::oci
