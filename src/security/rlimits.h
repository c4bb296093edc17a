// Resource limits of processes.
//
// Source: getrlimit(2); OCI runtime-spec config.md#posix-process, rlimits; docker run --ulimit.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string_view>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::security {

// The number of "RLIMIT_NOFILE"; none if there is no such limit.
std::optional<int> rlimit_number(std::string_view type);

// "nofile=1024:2048", "nofile=1024" (both), "core=-1" or "core=unlimited".
// Errors: kInvalidArgument - unknown name, not numbers, soft above hard.
Result<oci::Rlimit> parse_ulimit(std::string_view text);

// Sets the limit of another process (or our own, pid 0).
// Errors: kPermission - above the present hard limit without CAP_SYS_RESOURCE.
Result<> apply_rlimit(pid_t pid, const oci::Rlimit& limit);

}  // namespace planet::security
