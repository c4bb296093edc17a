#include "runtime/seccomp_choice.h"

#include "security/seccomp.h"
#include "security/seccomp_rules.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/socket.h"

namespace planet::runtime {

Result<SeccompChoice> choose_seccomp(const oci::Spec& spec, const oci::Process& process,
                                     DefaultSeccomp fallback) {
  SeccompChoice choice;
  if (spec.linux_.seccomp) {
    TRY_SET(security::CompiledProfile profile, security::compile_profile(*spec.linux_.seccomp));
    choice.compiled = std::move(profile.filter);
    choice.flags = profile.flags;
    if (profile.notifies) {
      TRY_SET(choice.agent, sys::connect_stream(spec.linux_.seccomp->listener_path),
              "linux.seccomp.listenerPath");
    }
  } else if (fallback == DefaultSeccomp::kOwnProfile) {
    const auto& capabilities = process.capabilities.value_or(oci::Capabilities{}).bounding;
    choice.built_in = security::built_in_filter(capabilities);
    if (choice.built_in.empty()) {
      TRY_SET(choice.compiled, security::compile_own_profile(capabilities));
    }
  }
  return choice;
}

Result<UniqueFd> message_to_agent(const oci::Spec& spec, const std::optional<oci::State>& state,
                                  pid_t pid) {
  if (!state)
    return fail(Code::kInvalidArgument,
                "linux.seccomp: SCMP_ACT_NOTIFY needs a container whose state can be told");
  const oci::ContainerProcessState message{.oci_version = state->oci_version,
                                           .fds = {"seccompFd"},
                                           .pid = pid,
                                           .metadata = spec.linux_.seccomp->listener_metadata,
                                           .state = *state};
  TRY_SET(UniqueFd file, sys::memory_file("state"));
  TRY(sys::write_all(file.borrow(), oci::write_container_process_state(message)));
  return file;
}

}  // namespace planet::runtime
