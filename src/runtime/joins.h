// The namespaces that a container shares with others: those that its Spec names by path.
//
// Source: OCI runtime-spec config-linux.md#namespaces; setns(2); ioctl_ns(2); time_namespaces(7).
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "runtime/plan.h"

namespace planet::runtime {

struct Join {
  NamespaceKind kind;
  UniqueFd file;
  bool ours =
      false;  // it is the one that we are in: nothing to join, and nothing in it is the container's alone
};

// Opens plan.joined.
// Errors: kInvalidArgument - a file that is not a namespace of its type; kNotFound.
Result<std::vector<Join>> open_joins(const Plan& plan);

// CLONE_NEW* of the namespaces that the container does not share with us: new ones and joined ones.
std::uint64_t separate_flags(const Plan& plan, const std::vector<Join>& joins);

// True if a helper must prepare the birth: namespaces to join, or clocks to set.
bool needs_helper(const Plan& plan, const std::vector<Join>& joins);
// True if after the joins no process may be put into a control group of the host's any more.
bool gives_up_cgroups(const std::vector<Join>& joins);

// The helper's: joins all, and makes the time namespace of its children with their clocks.
// A namespace may belong to our user namespace or to the joined one: what the rights of one do not open, those of the
// other may.
Result<> join_all(const Plan& plan, const std::vector<Join>& joins, const oci::Linux& spec);

}  // namespace planet::runtime
