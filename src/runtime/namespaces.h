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
Result<> write_id_maps(pid_t init, const oci::Linux& spec);

// The parent's: the user namespace of `init`, for id-mapped mounts.
Result<UniqueFd> open_user_namespace(pid_t init);

// The parent's: limits and the OOM score, which need the host's rights to raise.
Result<> set_process_limits(pid_t init, const oci::Process& process);

// The host's id of the container's root.
uid_t host_uid_of_root(const oci::Linux& spec);
gid_t host_gid_of_root(const oci::Linux& spec);

// Init's: takes the ids of root in its user namespace, which has them from the maps.
Result<> become_root_inside();

// Init's: host and domain name.
Result<> set_names(const oci::Spec& spec);

// Init's: writes linux.sysctl through init's own procfs, before anything is mounted over it. Only parameters
// that belong to one of the plan's namespaces.
// Errors: kInvalidArgument - another parameter, or a name that is no path of parameters.
Result<> write_sysctls(const Plan& plan, const std::vector<fs::DetachedMount>& built,
                       const std::map<std::string, std::string>& sysctl);

// Checks one parameter's name against the plan's namespaces. Pure.
Result<> check_sysctl(const Plan& plan, std::string_view name);

}  // namespace planet::runtime
