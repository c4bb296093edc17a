// Which system call filter a process gets: the spec's, our own profile, or none.
#pragma once

#include <linux/filter.h>

#include <span>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "oci/state.h"
#include "runtime/launch.h"

namespace planet::runtime {

struct SeccompChoice {
  std::vector<sock_filter> compiled;      // of a profile from the spec
  std::span<const sock_filter> built_in;  // our own, compiled when Planet was built
  unsigned flags = 0;                     // SECCOMP_FILTER_FLAG_*
  UniqueFd agent;  // connected to linux.seccomp.listenerPath, if the filter asks somebody

  std::span<const sock_filter> filter() const {
    return built_in.empty() ? std::span<const sock_filter>(compiled) : built_in;
  }
};

// Made before the first fork: a profile that is wrong, or an agent that is not there, fails before anything exists.
Result<SeccompChoice> choose_seccomp(const oci::Spec& spec, const oci::Process& process,
                                     DefaultSeccomp fallback);

// What the agent is told of the process `pid` of the container `state`, as a memory file.
// Errors: kInvalidArgument - there is no state: who starts this process cannot tell anything.
Result<UniqueFd> message_to_agent(const oci::Spec& spec, const std::optional<oci::State>& state,
                                  pid_t pid);

}  // namespace planet::runtime
