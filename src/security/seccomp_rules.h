// Compiles the profile of seccomp_table.h, or a user's, to a filter program. libseccomp does the compiling; what it cannot
// express stands before its program as instructions of our own.
//
// Source: seccomp(2); seccomp_rule_add(3); OCI runtime-spec config-linux.md#seccomp.
#pragma once

#include <linux/filter.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::security {

// Our own profile for a process with these capabilities.
Result<std::vector<sock_filter>> compile_own_profile(const std::vector<std::string>& capabilities);

// A profile of config.json. A call that this libseccomp does not know is passed over, as by other runtimes. Where the default
// action is an errno, calls newer than all that the profile names answer ENOSYS, so that programs fall back to those it
// knows: whoever wrote it could not judge them.
// Errors: kInvalidArgument - an unknown action, architecture, operator or flag.
struct CompiledProfile {
  std::vector<sock_filter> filter;
  unsigned flags = 0;     // SECCOMP_FILTER_FLAG_*
  bool notifies = false;  // has SCMP_ACT_NOTIFY: somebody must hold the listener
};
Result<CompiledProfile> compile_profile(const oci::Seccomp& profile);

}  // namespace planet::security
