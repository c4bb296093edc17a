#include "runtime/container_group.h"

#include <algorithm>

#include "base/strings.h"
#include "cgroup/delegated.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

// In the user's words, the first limit there is; empty if none is asked for.
Result<std::string> first_limit(cgroup::Layout layout, const oci::Linux& spec) {
  const oci::Resources resources = spec.resources.value_or(oci::Resources{});
  TRY_SET(const std::vector<cgroup::Write> writes, layout == cgroup::Layout::kUnified
                                                       ? cgroup::plan_v2(resources)
                                                       : cgroup::plan_v1(resources));
  return writes.empty() ? std::string() : writes.front().what;
}

Result<> use_none(oci::Linux& spec, const std::string& limit, GroupWish wish,
                  const std::string& why) {
  if (!limit.empty())
    return fail(wish == GroupWish::kNone ? Code::kInvalidArgument : Code::kPermission,
                "linux.resources: " + limit + ": " + why + "; leave the limit out, or " +
                    (wish == GroupWish::kNone
                         ? "--cgroup-manager disabled"
                         : "be in a group that is yours, as below systemd-run --user --scope -p "
                           "Delegate=yes"));
  if (wish == GroupWish::kRequired)
    return fail(Code::kPermission, why + ", and --rootless=false requires one");
  spec.cgroups_path.clear();
  return {};
}

// On v2 a relative path, or none, is meant from the caller's own group: it is the one that can be the caller's.
Result<std::string> place_of(cgroup::Layout layout, const std::string& path,
                             const std::string& base, const std::string& id) {
  if (layout == cgroup::Layout::kLegacy) return path.empty() ? "/planet/" + id : path;
  if (path.starts_with('/')) return path;
  return base + "/" + (path.empty() ? "planet-" + id : path);
}

// init's, as /proc shows it; none for a process that is gone, or that we may not look at.
std::string process_namespace(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/ns/pid";
  return sys::read_link_at(sys::kCwd, path.c_str()).value_or("");
}

}  // namespace

Result<> choose_group(oci::Linux& spec, const std::string& id, Rights rights, GroupWish wish) {
  if (rights == Rights::kHost && wish != GroupWish::kNone) {
    if (spec.cgroups_path.empty()) spec.cgroups_path = "/planet/" + id;
    return {};
  }
  const auto host = cgroup::Host::open();
  const cgroup::Layout layout = host ? host->layout() : cgroup::Layout::kUnified;
  TRY_SET(const std::string limit, first_limit(layout, spec));
  if (wish == GroupWish::kNone) return use_none(spec, limit, wish, "there is to be no group");
  if (!host) return use_none(spec, limit, wish, host.error().to_string());
  TRY_SET(const std::string own, sys::read_file_at(sys::kCwd, "/proc/self/cgroup"));
  const std::string base = cgroup::own_base(own);
  TRY_SET(const std::string path, place_of(layout, spec.cgroups_path, base, id));
  TRY_SET(const bool may, cgroup::may_make(*host, path), "linux.cgroupsPath");
  if (!may)
    return use_none(spec, limit, wish,
                    "the control group " + quote(path) + " is not the caller's to make");
  if (layout == cgroup::Layout::kUnified && !limit.empty() && path.starts_with(base + "/"))
    TRY(cgroup::make_room(*host, base), "make room in the control group " + quote(base));
  spec.cgroups_path = path;
  return {};
}

Result<cgroup::Group> open_group(const Saved& container) {
  if (container.spec.linux_.cgroups_path.empty()) return cgroup::Group();
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  return cgroup::Group::open(host, container.spec.linux_.cgroups_path);
}

Result<std::vector<pid_t>> processes_of(const Saved& container) {
  if (!container.spec.linux_.cgroups_path.empty()) {
    TRY_SET(const cgroup::Group group, open_group(container));
    return group.processes();
  }
  std::vector<pid_t> pids;
  if (!open_init(container)) return pids;
  pids.push_back(container.init);
  const oci::Namespace* own = oci::find_namespace(container.spec.linux_, oci::NamespaceType::kPid);
  if (own == nullptr || !own->path.empty()) return pids;
  const std::string ns = process_namespace(container.init);
  TRY_SET(const UniqueFd proc, sys::open_at(sys::kCwd, "/proc", O_RDONLY | O_DIRECTORY));
  TRY_SET(const std::vector<std::string> names, sys::list_dir(proc.borrow()));
  for (const std::string& name : names) {
    const auto pid = parse_number<pid_t>(name, "pid");
    if (pid && *pid != container.init && !ns.empty() && process_namespace(*pid) == ns)
      pids.push_back(*pid);
  }
  std::ranges::sort(pids);
  return pids;
}

}  // namespace planet::runtime
