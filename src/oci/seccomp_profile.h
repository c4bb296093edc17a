// A seccomp profile in the form that docker, podman and containers-common share: rules for all machines and all sets of
// capabilities, from which those of one container are chosen.
//
// Source: docs.docker.com/engine/security/seccomp; containers-common's seccomp.json.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::oci {

inline constexpr std::size_t kMostProfileBytes = 4U << 20;  // docker's own is 14 KiB

struct KernelVersion {
  unsigned major = 0, minor = 0;
  auto operator<=>(const KernelVersion&) const = default;
};

// When a rule holds. As `includes` all of it must be so, as `excludes` none of it.
struct RuleCondition {
  std::vector<std::string> caps;    // "CAP_SYS_ADMIN"
  std::vector<std::string> arches;  // "amd64"
  std::optional<KernelVersion> min_kernel;
};

struct ProfileRule {
  SeccompRule rule;
  RuleCondition includes, excludes;
};

// "archMap": the architectures beside a processor's own.
struct ProfileArchitecture {
  std::string architecture;
  std::vector<std::string> sub_architectures;
};

struct SeccompProfile {
  Seccomp common;  // without syscalls
  std::vector<ProfileArchitecture> arch_map;
  std::vector<ProfileRule> rules;
};

struct Machine {
  std::string_view arch;          // as profiles name it: "amd64"
  std::string_view seccomp_arch;  // "SCMP_ARCH_X86_64"
  KernelVersion kernel;
};

// Names of system calls are not judged: a profile has those of all processors and all kernels.
// Errors: kInvalidArgument - not JSON, a field, action, operator, architecture, flag or capability that is none, naming
// it; kUnsupported - it wants a listener.
Result<SeccompProfile> parse_seccomp_profile(std::string_view text);

// What of the profile holds on this machine for a process with this bounding set.
Seccomp choose_rules(const SeccompProfile& profile, const std::vector<std::string>& capabilities,
                     const Machine& machine);

// What was chosen, as text and back.
std::string write_seccomp(const Seccomp& seccomp);
Result<Seccomp> parse_seccomp(std::string_view text);

}  // namespace planet::oci
