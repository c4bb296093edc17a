#include "runtime/namespaces.h"

#include <linux/openat2.h>
#include <linux/sched.h>

#include <algorithm>

#include "base/strings.h"
#include "security/id_map.h"
#include "security/rlimits.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

std::string proc_path(pid_t pid, const char* file) {
  return "/proc/" + std::to_string(pid) + "/" + file;
}

// The namespaced parameters. Source: kernel Documentation/admin-guide/sysctl/{kernel,fs,net}.rst,
// ipc_namespaces(7), uts_namespaces(7).
constexpr std::string_view kIpcParameters[] = {
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni",          "kernel.sem",
    "kernel.shmall", "kernel.shmmax", "kernel.shm_rmid_forced", "kernel.shmmni"};
constexpr std::string_view kUtsParameters[] = {"kernel.domainname", "kernel.hostname"};

bool is_parameter_name(std::string_view name) {
  return !name.empty() && name.find("..") == std::string_view::npos && name.front() != '.' &&
         name.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyz"
             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") == std::string_view::npos;
}

BorrowedFd find_proc(const Plan& plan, const std::vector<fs::DetachedMount>& built) {
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (plan.mounts[i].type == "proc" && built[i].valid()) return built[i].root();
  return BorrowedFd(-1);
}

}  // namespace

Result<> write_id_maps(pid_t init, const oci::Linux& spec) {
  TRY(sys::write_at(sys::kCwd, proc_path(init, "uid_map").c_str(),
                    security::id_map_text(spec.uid_mappings)));
  return sys::write_at(sys::kCwd, proc_path(init, "gid_map").c_str(),
                       security::id_map_text(spec.gid_mappings));
}

Result<UniqueFd> open_user_namespace(pid_t init) {
  return sys::open_at(sys::kCwd, proc_path(init, "ns/user").c_str(), O_RDONLY);
}

Result<> set_process_limits(pid_t init, const oci::Process& process) {
  for (const oci::Rlimit& limit : process.rlimits)
    TRY(security::apply_rlimit(init, limit), limit.type);
  if (process.oom_score_adj)
    TRY(sys::write_at(sys::kCwd, proc_path(init, "oom_score_adj").c_str(),
                      std::to_string(*process.oom_score_adj)),
        "set the OOM score");
  return {};
}

uid_t host_uid_of_root(const oci::Linux& spec) {
  for (const oci::IdMapping& map : spec.uid_mappings)
    if (map.container_id == 0) return map.host_id;
  return 0;
}

gid_t host_gid_of_root(const oci::Linux& spec) {
  for (const oci::IdMapping& map : spec.gid_mappings)
    if (map.container_id == 0) return map.host_id;
  return 0;
}

Result<> become_root_inside() {
  TRY(sys::set_groups({}));
  return sys::set_ids(0, 0);
}

Result<> set_names(const oci::Spec& spec) {
  if (!spec.hostname.empty()) TRY(sys::set_host_name(spec.hostname));
  if (!spec.domainname.empty()) TRY(sys::set_domain_name(spec.domainname));
  return {};
}

Result<> check_sysctl(const Plan& plan, std::string_view name) {
  if (!is_parameter_name(name))
    return fail(Code::kInvalidArgument,
                "linux.sysctl: " + quote(name) + " is not the name of a kernel parameter");
  const bool ipc = std::ranges::find(kIpcParameters, name) != std::end(kIpcParameters) ||
                   name.starts_with("fs.mqueue.");
  const bool uts = std::ranges::find(kUtsParameters, name) != std::end(kUtsParameters);
  const bool network = name.starts_with("net.");
  const char* needed = ipc ? "ipc" : uts ? "uts" : network ? "network" : nullptr;
  if (needed == nullptr)
    return fail(Code::kInvalidArgument,
                "linux.sysctl: " + quote(name) +
                    " is not separate for each container: setting it would change the host");
  const bool own = (ipc && (plan.clone_flags & CLONE_NEWIPC) != 0) || (uts && plan.new_uts) ||
                   (network && plan.new_network);
  if (!own)
    return fail(Code::kInvalidArgument, "linux.sysctl: " + quote(name) + " needs a new " + needed +
                                            " namespace: it would change the host");
  return {};
}

Result<> write_sysctls(const Plan& plan, const std::vector<fs::DetachedMount>& built,
                       const std::map<std::string, std::string>& sysctl) {
  if (sysctl.empty()) return {};
  const BorrowedFd proc = find_proc(plan, built);
  if (proc.get() < 0)
    return fail(Code::kInvalidArgument, "linux.sysctl needs a mount of type proc");
  constexpr std::uint64_t kInside = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS;
  for (const auto& [name, value] : sysctl) {
    TRY(check_sysctl(plan, name));
    std::string path = "sys/" + name;
    std::ranges::replace(path, '.', '/');
    TRY_SET(const UniqueFd file, sys::open_at2(proc, path.c_str(), O_WRONLY, 0, kInside), name);
    TRY(sys::write_all(file.borrow(), value), name + "=" + printable(value));
  }
  return {};
}

}  // namespace planet::runtime
