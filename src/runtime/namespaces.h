// What a container's namespaces are given right after they exist.
//
// Source: user_namespaces(7), uts_namespaces(7), time_namespaces(7); OCI runtime-spec config-linux.md.
#pragma once

#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/detached_mount.h"
#include "oci/spec.h"
#include "runtime/plan.h"

namespace planet::runtime {

// The parent's: writes /proc/PID/uid_map and gid_map of `init`.
Result<> write_id_maps(pid_t init, const std::vector<oci::IdMapping>& uids,
                       const std::vector<oci::IdMapping>& gids);

// The parent's: the user namespace of `init`, for id-mapped mounts.
Result<UniqueFd> open_user_namespace(pid_t init);

// The parent's: a user namespace with these maps and nobody in it, for the same.
Result<UniqueFd> make_user_namespace(const std::vector<oci::IdMapping>& uids,
                                     const std::vector<oci::IdMapping>& gids);

// The parent's: limits and the OOM score, which need the host's rights to raise.
Result<> set_process_limits(pid_t init, const oci::Process& process);

// The host's ids of the container's root: from the spec's maps or, where init has joined a user namespace, from its.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};
Result<Owner> owner_inside(const Plan& plan, const oci::Linux& spec, pid_t init);

// Init's: takes the ids of root in its user namespace, which has them from the maps.
Result<> become_root_inside();

// Init's: host and domain name.
bool has_names(const oci::Spec& spec);
Result<> set_names(const oci::Spec& spec);
// `separate`: CLONE_NEW* of the namespaces that the container does not share with the host.
// Errors: kInvalidArgument - a name for a uts namespace that is the host's.
Result<> check_names(const oci::Spec& spec, std::uint64_t separate);

// Init's: writes linux.sysctl through init's own procfs, before anything is mounted over it. Only parameters
// that belong to one of the namespaces `separate`.
// Errors: kInvalidArgument - another parameter, or a name that is no path of parameters.
Result<> write_sysctls(const Plan& plan, std::uint64_t separate,
                       const std::vector<fs::DetachedMount>& built,
                       const std::map<std::string, std::string>& sysctl);

// Checks one parameter's name. Pure.
Result<> check_sysctl(std::uint64_t separate, std::string_view name);

}  // namespace planet::runtime
