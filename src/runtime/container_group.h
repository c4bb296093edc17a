// The control group of a container that is not root of the host's: whether it has one, and where. And what stands in for
// it where there is none.
//
// Source: OCI runtime-spec config-linux.md#cgroups-path; the habits of `runc`.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "base/error.h"
#include "cgroup/group.h"
#include "oci/spec.h"
#include "runtime/rights.h"
#include "runtime/saved.h"

namespace planet::runtime {

enum class GroupWish : std::uint8_t {
  kIfAllowed,  // none where the caller may not make one, unless there are limits
  kRequired,
  kNone,
};

// Completes linux.cgroupsPath: empty afterwards for a container without a group.
// Errors: kPermission - a limit is asked for, or a group required, and the caller may not make one; the sentence names
// the limit. kInvalidArgument - a limit, and kNone.
Result<> choose_group(oci::Linux& spec, const std::string& id, Rights rights, GroupWish wish);

// In no hierarchy if the container has none.
Result<cgroup::Group> open_group(const Saved& container);

// All processes of the container: those of its group or, without one, of init's process namespace.
Result<std::vector<pid_t>> processes_of(const Saved& container);

}  // namespace planet::runtime
