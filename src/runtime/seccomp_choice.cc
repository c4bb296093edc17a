#include "runtime/seccomp_choice.h"

#include "security/seccomp.h"
#include "security/seccomp_rules.h"

namespace planet::runtime {

Result<SeccompChoice> choose_seccomp(const oci::Spec& spec, const oci::Process& process,
                                     DefaultSeccomp fallback) {
  SeccompChoice choice;
  if (spec.linux_.seccomp) {
    TRY_SET(security::CompiledProfile profile, security::compile_profile(*spec.linux_.seccomp));
    choice.compiled = std::move(profile.filter);
    choice.flags = profile.flags;
  } else if (fallback == DefaultSeccomp::kOwnProfile) {
    const auto& capabilities = process.capabilities.value_or(oci::Capabilities{}).bounding;
    choice.built_in = security::built_in_filter(capabilities);
    if (choice.built_in.empty()) {
      TRY_SET(choice.compiled, security::compile_own_profile(capabilities));
    }
  }
  return choice;
}

}  // namespace planet::runtime
