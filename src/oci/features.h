// What a runtime says of itself: the features document.
//
// Source: OCI runtime-spec 1.3, features.md, features-linux.md.
// An optional without a value, and an empty list, mean "not said", never "no".
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/form.h"

namespace planet::oci {

struct CgroupFeatures {
  std::optional<bool> v1, v2, systemd, systemd_user, rdma;
  bool operator==(const CgroupFeatures&) const = default;
};

struct SeccompFeatures {
  std::optional<bool> enabled;
  std::vector<std::string> actions, operators, archs, known_flags, supported_flags;
  bool operator==(const SeccompFeatures&) const = default;
};

struct IntelRdtFeatures {
  std::optional<bool> enabled, schemata, monitoring;
  bool operator==(const IntelRdtFeatures&) const = default;
};

struct MemoryPolicyFeatures {
  std::vector<std::string> modes, flags;
  bool operator==(const MemoryPolicyFeatures&) const = default;
};

struct LinuxFeatures {
  std::vector<std::string> namespaces, capabilities;
  std::optional<CgroupFeatures> cgroup;
  std::optional<SeccompFeatures> seccomp;
  std::optional<bool> apparmor, selinux;  // {"enabled": ...}
  std::optional<IntelRdtFeatures> intel_rdt;
  std::optional<MemoryPolicyFeatures> memory_policy;
  std::optional<bool> idmap_mounts;  // mountExtensions.idmap.enabled
  std::optional<bool> net_devices;
  bool operator==(const LinuxFeatures&) const = default;
};

struct Features {
  std::string oci_version_min = "1.0.0";
  std::string oci_version_max = "1.3.0";
  std::vector<std::string> hooks;
  std::vector<std::string> mount_options;  // without those of single file systems
  std::optional<LinuxFeatures> linux_;
  std::map<std::string, std::string> annotations;
  std::vector<std::string> unsafe_annotations;  // potentiallyUnsafeConfigAnnotations
  bool operator==(const Features&) const = default;
};

std::string write_features(const Features& features, Form form = Form::kPretty);

// Errors: kInvalidArgument - not JSON or a wrong type, naming the field.
Result<Features> parse_features(std::string_view text);

}  // namespace planet::oci
