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

// The parent's: limits and the OOM score, which need the host's rights to raise. The score of a process of an ordinary
// user's is the process's own task (`take_oom_score`).
// Errors: kPermission - the score is below the caller's own, and it has not the right.
Result<> set_process_limits(pid_t init, const oci::Process& process, Rights rights);

// The new process's: takes the OOM score, through the host's procfs. To be called before anybody of the container could
// look into it.
// Errors: as above.
Result<> take_oom_score(const oci::Process& process);

// The host's ids of the container's root: from the spec's maps or, where init has joined a user namespace, from its.
struct Owner {
  uid_t uid = 0;
  gid_t gid = 0;
};
Result<Owner> owner_inside(const Plan& plan, const oci::Linux& spec, pid_t init);

// Init's: takes the ids of root in its user namespace, which has them from the maps.
Result<> become_root_inside();

// Sets the supplementary groups. A user namespace whose ordinary owner wrote its map himself allows no setgroups(2): the
// process keeps its groups, none of which is among its ids, unless it is asked for others.
// Errors: kUnsupported - it is.
Result<> take_groups(const std::vector<gid_t>& groups);

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
