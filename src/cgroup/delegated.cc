#include "cgroup/delegated.h"

#include <cerrno>
#include <vector>

#include "base/strings.h"
#include "cgroup/group.h"
#include "sys/file.h"

namespace planet::cgroup {
namespace {

constexpr std::string_view kLeaf = "planet-callers";

// v1 hierarchies by every name that a container could be in.
constexpr std::string_view kLegacy[] = {"pids",    "memory",  "cpuacct", "devices",
                                        "cpu",     "cpuset",  "freezer", "blkio",
                                        "hugetlb", "net_cls", "rdma",    "perf_event"};

Result<bool> may_make_in(const Hierarchy& hierarchy, const std::vector<std::string>& path) {
  TRY_SET(UniqueFd dir, sys::duplicate(hierarchy.root.borrow()));
  for (const std::string& name : path) {
    auto next = sys::open_at(dir.borrow(), name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!next && next.error().code() == Code::kNotFound)
      return sys::is_writable_at(dir.borrow(), ".");
    TRY_SET(dir, std::move(next));
  }
  return sys::is_writable_at(dir.borrow(), "cgroup.procs");
}

Result<std::vector<std::string>> parts_of(std::string_view path) {
  TRY_SET(const std::string normal, normal_path(path));
  std::vector<std::string> parts;
  for (const std::string_view part : split(std::string_view(normal).substr(1), '/'))
    parts.emplace_back(part);
  return parts;
}

Result<> move_all(BorrowedFd from, BorrowedFd to) {
  constexpr int kRounds = 100;  // one may fork between the look and the move
  for (int round = 0; round < kRounds; ++round) {
    TRY_SET(const std::string text, sys::read_file_at(from, "cgroup.procs", 16U << 20));
    if (trim(text).empty()) return {};
    for (const std::string_view pid : split(trim(text), '\n')) {
      Result<> moved = sys::write_at(to, "cgroup.procs", pid);
      if (!moved && moved.error().sys_errno() != ESRCH) return moved;
    }
  }
  return fail(Code::kWrongState, "its processes fork faster than they can be moved");
}

}  // namespace

std::string own_base(std::string_view proc_self_cgroup) {
  for (const std::string_view line : split(proc_self_cgroup, '\n')) {
    if (!line.starts_with("0::")) continue;
    std::string path(line.substr(3));
    if (path.ends_with("/" + std::string(kLeaf))) path.resize(path.size() - kLeaf.size() - 1);
    return path == "/" ? "" : path;
  }
  return {};
}

Result<bool> may_make(const Host& host, std::string_view path) {
  TRY_SET(const std::vector<std::string> parts, parts_of(path));
  if (host.layout() == Layout::kUnified) {
    TRY_SET(const Hierarchy tree, host.hierarchy(""));
    return may_make_in(tree, parts);
  }
  bool any = false;
  for (const std::string_view controller : kLegacy) {
    const auto hierarchy = host.hierarchy(controller);
    if (!hierarchy) continue;
    TRY_SET(const bool may, may_make_in(*hierarchy, parts));
    if (!may) return false;
    any = true;
  }
  return any;
}

Result<> make_room(const Host& host, std::string_view base) {
  TRY_SET(const Hierarchy tree, host.hierarchy(""));
  UniqueFd dir;
  if (trim(base).empty()) return {};  // the root may have both
  TRY_SET(const std::string path, normal_path(base));
  TRY_SET(dir, sys::open_at(tree.root.borrow(), path.c_str() + 1, O_PATH | O_DIRECTORY));
  TRY_SET(const std::string text, sys::read_file_at(dir.borrow(), "cgroup.procs", 16U << 20));
  if (trim(text).empty()) return {};
  const std::string leaf(kLeaf);
  Result<> made = sys::make_dir_at(dir.borrow(), leaf.c_str(), 0755);
  if (!made && made.error().code() != Code::kAlreadyExists) return made;
  TRY_SET(const UniqueFd to,
          sys::open_at(dir.borrow(), leaf.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  return move_all(dir.borrow(), to.borrow());
}

}  // namespace planet::cgroup
