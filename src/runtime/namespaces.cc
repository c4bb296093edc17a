#include "runtime/namespaces.h"

#include <linux/sched.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "fs/root.h"
#include "oci/sysctl.h"
#include "security/id_map.h"
#include "security/rlimits.h"
#include "sys/capability.h"
#include "sys/file.h"
#include "sys/pipe.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

std::string proc_path(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

BorrowedFd find_proc(const Plan& plan, const std::vector<fs::DetachedMount>& built) {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (plan.mounts[i].type == "proc" && built[i].valid()) return built[i].root();
  return BorrowedFd(-1);
}

Result<std::uint32_t> host_root(std::vector<oci::IdMapping> map, pid_t init, const char* file) {
  if (map.empty()) {
    TRY_SET(const std::string text, sys::read_file_at(sys::kCwd, proc_path(init, file).c_str()));
    TRY_SET(map, security::parse_id_map(text));
  }
  const auto root = security::to_host(map, 0);
  if (root) return *root;
  return fail(Code::kInvalidArgument,
              std::string("the container has no root: 0 is not in its ") + file);
}

Result<> write_oom_score(const std::string& file, int score) {
  Result<> set = sys::write_at(sys::kCwd, file.c_str(), std::to_string(score));
  if (!set && set.error().sys_errno() == EACCES)
    return fail(Code::kPermission, "process.oomScoreAdj: " + std::to_string(score) +
                                       " is below the caller's own score, and it has no "
                                       "CAP_SYS_RESOURCE; leave it out, or ask for more");
  TRY(std::move(set), "set the OOM score");
  return {};
}

}  // namespace

Result<> write_id_maps(pid_t init, const std::vector<oci::IdMapping>& uids,
                       const std::vector<oci::IdMapping>& gids) {
  TRY(sys::write_at(sys::kCwd, proc_path(init, "uid_map").c_str(), security::id_map_text(uids)));
  return sys::write_at(sys::kCwd, proc_path(init, "gid_map").c_str(), security::id_map_text(gids));
}

Result<UniqueFd> open_user_namespace(pid_t init) {
  return sys::open_at(sys::kCwd, proc_path(init, "ns/user").c_str(), O_RDONLY);
}

Result<UniqueFd> make_user_namespace(const std::vector<oci::IdMapping>& uids,
                                     const std::vector<oci::IdMapping>& gids) {
  TRY_SET(sys::Pipe gate, sys::make_pipe());
  TRY_SET(const sys::Child holder,
          sys::clone_process({.flags = CLONE_NEWUSER, .cgroup = std::nullopt}));
  if (!holder.valid()) {
    gate.write.reset();
    char byte = 0;
    (void)sys::read_some(gate.read.borrow(), std::span(&byte, 1));  // until the parent is through
    sys::exit_now(0);
  }
  TRY(write_id_maps(holder.pid(), uids, gids));
  return open_user_namespace(holder.pid());
}

Result<> set_process_limits(pid_t init, const oci::Process& process, Rights rights) {
  for (const oci::Rlimit& limit : process.rlimits)
    TRY(security::apply_rlimit(init, limit), limit.type);
  if (!process.oom_score_adj || rights == Rights::kUser) return {};
  return write_oom_score(proc_path(init, "oom_score_adj"), *process.oom_score_adj);
}

Result<> take_oom_score(const oci::Process& process) {
  if (!process.oom_score_adj) return {};
  TRY(sys::set_dumpable(true));  // else its files in /proc are root's
  Result<> set = write_oom_score("/proc/self/oom_score_adj", *process.oom_score_adj);
  TRY(sys::set_dumpable(false));
  return set;
}

Result<Owner> owner_inside(const Plan& plan, const oci::Linux& spec, pid_t init) {
  if (!plan.user_ns) return Owner{};
  TRY_SET(const auto uid, host_root(spec.uid_mappings, init, "uid_map"));
  TRY_SET(const auto gid, host_root(spec.gid_mappings, init, "gid_map"));
  return Owner{.uid = uid, .gid = gid};
}

Result<> become_root_inside() {
  TRY(take_groups({}));
  Result<> taken = sys::set_ids(0, 0);
  if (taken || taken.error().sys_errno() != EINVAL) return taken;
  return fail(Code::kInvalidArgument,
              "the container has no root: 0 is not in linux.uidMappings and gidMappings");
}

Result<> take_groups(const std::vector<gid_t>& groups) {
  Result<> taken = sys::set_groups(groups);
  if (taken || taken.error().sys_errno() != EPERM) return taken;
  // Who has the right and is refused is in a namespace that denies it to all.
  constexpr sys::CapabilitySet kSetGid = sys::CapabilitySet{1} << 6;
  TRY_SET(const sys::CapabilitySet own, sys::permitted_capabilities());
  if ((own & kSetGid) == 0) return taken;
  if (groups.empty()) return {};
  return fail(Code::kUnsupported,
              "process.user.additionalGids: a user namespace with the caller's group alone allows "
              "none; map more groups in linux.gidMappings");
}

bool has_names(const oci::Spec& spec) {
  return !spec.hostname.empty() || !spec.domainname.empty();
}

Result<> check_names(const oci::Spec& spec, std::uint64_t separate) {
  if (!has_names(spec) || (separate & CLONE_NEWUTS) != 0) return {};
  return fail(
      Code::kInvalidArgument,
      "hostname is set but linux.namespaces has no \"uts\" of its own: it would rename the host");
}

Result<> set_names(const oci::Spec& spec) {
  if (!spec.hostname.empty()) TRY(sys::set_host_name(spec.hostname));
  if (!spec.domainname.empty()) TRY(sys::set_domain_name(spec.domainname));
  return {};
}

Result<> check_sysctl(std::uint64_t separate, std::string_view name) {
  if (!oci::is_parameter_name(name))
    return fail(Code::kInvalidArgument,
                "linux.sysctl: " + quote(name) + " is not the name of a kernel parameter");
  const auto owner = oci::namespace_of_parameter(name);
  if (!owner)
    return fail(Code::kInvalidArgument,
                "linux.sysctl: " + quote(name) +
                    " is not separate for each container: setting it would change the host");
  const NamespaceKind& kind = kind_of(*owner);
  if ((separate & kind.flag) == 0)
    return fail(Code::kInvalidArgument, "linux.sysctl: " + quote(name) + " needs a " + kind.name +
                                            " namespace of its own: it would change the host");
  return {};
}

Result<> write_sysctls(const Plan& plan, std::uint64_t separate,
                       const std::vector<fs::DetachedMount>& built,
                       const std::map<std::string, std::string>& sysctl) {
  if (sysctl.empty()) return {};
  const BorrowedFd proc = find_proc(plan, built);
  if (proc.get() < 0)
    return fail(Code::kInvalidArgument, "linux.sysctl needs a mount of type proc");
  // A proc of our own making, not attached yet: nothing lies over its files.
  TRY_SET(UniqueFd top, sys::duplicate(proc));
  const fs::Root root(std::move(top));
  for (const auto& [name, value] : sysctl) {
    TRY(check_sysctl(separate, name));
    const std::string path = "sys/" + oci::parameter_path(name);
    TRY_SET(const UniqueFd file, root.open_no_follow(path, O_WRONLY), name);
    TRY(sys::write_all(file.borrow(), value), name + "=" + printable(value));
  }
  return {};
}

}  // namespace planet::runtime
