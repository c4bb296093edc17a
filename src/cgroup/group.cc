#include "cgroup/group.h"

#include <signal.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "cgroup/device_program.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cgroup {
namespace {

// What every container is in (v1), or is enabled for (v2).
constexpr std::string_view kAlwaysV1[] = {"pids", "memory", "cpuacct", "devices"};
constexpr std::string_view kAlwaysV2[] = {"pids", "memory", "cpu"};
constexpr std::string_view kKnownV1[] = {"pids",     "memory",  "cpuacct",    "devices", "cpu",
                                         "cpuset",   "freezer", "blkio",      "hugetlb", "net_cls",
                                         "net_prio", "rdma",    "perf_event", "misc",    "systemd"};

// Deeper than any engine nests, and far from where removing what was made would fail.
constexpr std::size_t kMostDepth = 64;
constexpr std::size_t kLongestName = 255;  // NAME_MAX

Result<std::vector<std::string>> components_of(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty()) continue;
    if (part == "." || part == "..")
      return fail(Code::kInvalidArgument,
                  "cgroup path " + quote(path) + " contains " + quote(part));
    if (part.size() > kLongestName || parts.size() == kMostDepth)
      return fail(Code::kInvalidArgument,
                  "cgroup path " + quote(path.substr(0, 100)) +
                      "... is deeper than 64 groups, or a name in it longer "
                      "than 255 characters");
    parts.emplace_back(part);
  }
  if (parts.empty()) return fail(Code::kInvalidArgument, "the cgroup path is empty");
  return parts;
}

// v1: a new cpuset is empty and takes no process until it has processors and memory nodes.
Result<> inherit_cpuset(BorrowedFd above, BorrowedFd dir) {
  for (const char* file : {"cpuset.cpus", "cpuset.mems"}) {
    TRY_SET(const std::string own, sys::read_file_at(dir, file));
    if (!trim(own).empty()) continue;
    TRY_SET(const std::string inherited, sys::read_file_at(above, file));
    TRY(sys::write_at(dir, file, trim(inherited)));
  }
  return {};
}

bool was_asked(const std::vector<Write>& writes, std::string_view controller) {
  return std::ranges::any_of(writes,
                             [&](const Write& write) { return write.controller == controller; });
}

// Who has a delegated group cannot enable a controller above it; where one is missing then, the limit says so.
bool is_anothers(const Error& error) {
  const int err = error.sys_errno();
  return err == EACCES || err == EPERM || err == EROFS;
}

// v2: a group, not the root, that has processes of its own. No controller is to be enabled there for the mere account: the
// kernel refuses some, and with others every group below must be a threaded one.
bool has_own_processes(BorrowedFd dir) {
  if (!sys::exists_at(dir, "cgroup.type")) return false;
  const auto processes = sys::read_file_at(dir, "cgroup.procs", 16U << 20);
  return processes && !trim(*processes).empty();
}

// v2: lets the children of `dir` have the controllers.
Result<> enable_controllers(BorrowedFd dir, const std::vector<std::string>& wanted,
                            const std::vector<Write>& writes) {
  TRY_SET(const std::string enabled, sys::read_file_at(dir, "cgroup.subtree_control"));
  TRY_SET(const std::string available, sys::read_file_at(dir, "cgroup.controllers"));
  const auto has = [](const std::string& list, const std::string& name) {
    const auto words = split(trim(list), ' ');
    return std::ranges::find(words, name) != words.end();
  };
  for (const std::string& name : wanted) {
    if (has(enabled, name) || !has(available, name)) continue;
    if (!was_asked(writes, name) && has_own_processes(dir)) continue;
    Result<> done = sys::write_at(dir, "cgroup.subtree_control", "+" + name);
    if (!done && is_anothers(done.error())) continue;
    TRY(std::move(done), "enable controller " + name);
  }
  return {};
}

bool is_transient(const Error& error) {
  return error.sys_errno() == EBUSY || error.sys_errno() == ENOTEMPTY;
}

// Removes the directory `name` and the groups below it, deepest first. A group has no other subdirectories, and
// its files go with it.
Result<> remove_groups(BorrowedFd parent, const std::string& name) {
  Result<> gone = sys::unlink_at(parent, name.c_str(), AT_REMOVEDIR);
  if (gone || gone.error().code() == Code::kNotFound) return {};
  if (!is_transient(gone.error())) return gone;
  TRY_SET(const UniqueFd dir,
          sys::open_at(parent, name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY_SET(const std::vector<std::string> names, sys::list_dir(dir.borrow()));
  for (const std::string& below : names) {
    const auto st = sys::lstat_at(dir.borrow(), below.c_str());
    if (st && S_ISDIR(st->st_mode)) TRY(remove_groups(dir.borrow(), below));
  }
  return sys::unlink_at(parent, name.c_str(), AT_REMOVEDIR);
}

Result<> remove_patiently(BorrowedFd parent, const std::string& name) {
  constexpr int kAttempts = 1000;
  for (int attempt = 0;; ++attempt) {
    Result<> removed = remove_groups(parent, name);
    if (removed || removed.error().code() == Code::kNotFound) return {};
    if (!is_transient(removed.error()) || attempt == kAttempts) return removed;
    sys::sleep_ms(1);
  }
}

std::vector<std::string> controllers_for(Layout layout, const std::vector<Write>& writes,
                                         Width width) {
  std::vector<std::string> names;
  if (layout == Layout::kUnified)
    names.assign(std::begin(kAlwaysV2), std::end(kAlwaysV2));
  else if (width == Width::kAll)
    names.assign(std::begin(kKnownV1), std::end(kKnownV1));
  else
    names.assign(std::begin(kAlwaysV1), std::end(kAlwaysV1));
  for (const Write& write : writes)
    if (std::ranges::find(names, write.controller) == names.end())
      names.push_back(write.controller);
  return names;
}

// Opens the parents of the group, making those that are missing.
Result<UniqueFd> make_parents(Layout layout, const Hierarchy& hierarchy,
                              const std::vector<std::string>& parts,
                              const std::vector<std::string>& controllers,
                              const std::vector<Write>& writes) {
  TRY_SET(UniqueFd dir, sys::duplicate(hierarchy.root.borrow()));
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (layout == Layout::kUnified) TRY(enable_controllers(dir.borrow(), controllers, writes));
    const Result<> made = sys::make_dir_at(dir.borrow(), parts[i].c_str(), 0755);
    if (!made && made.error().code() != Code::kAlreadyExists) return std::unexpected(made.error());
    TRY_SET(UniqueFd next,
            sys::open_at(dir.borrow(), parts[i].c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
    if (hierarchy.controllers == "cpuset") TRY(inherit_cpuset(dir.borrow(), next.borrow()));
    dir = std::move(next);
  }
  if (layout == Layout::kUnified) TRY(enable_controllers(dir.borrow(), controllers, writes));
  return dir;
}

}  // namespace

Result<std::string> normal_path(std::string_view path) {
  TRY_SET(const std::vector<std::string> components, components_of(path));
  return "/" + join(components, "/");
}

const Group::Part* Group::part(std::string_view controller) const {
  if (layout_ == Layout::kUnified) return parts_.empty() ? nullptr : &parts_.front();
  const auto found = std::ranges::find(parts_, controller, &Part::controller);
  return found == parts_.end() ? nullptr : &*found;
}

Result<> Group::make_part(const Hierarchy& hierarchy, const std::vector<std::string>& path,
                          const std::vector<std::string>& controllers,
                          const std::vector<Write>& writes, Existing existing) {
  TRY_SET(UniqueFd parent, make_parents(layout_, hierarchy, path, controllers, writes));
  const Result<> made = sys::make_dir_at(parent.borrow(), path.back().c_str(), 0755);
  const bool there = !made && made.error().code() == Code::kAlreadyExists;
  // v1: controllers that are mounted together share their directory.
  const bool shared = there && !parts_.empty() && layout_ == Layout::kLegacy;
  if (!made && !shared && !(there && existing == Existing::kTake))
    return std::unexpected(made.error());
  TRY_SET(UniqueFd dir,
          sys::open_at(parent.borrow(), path.back().c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW));
  if (hierarchy.controllers == "cpuset") TRY(inherit_cpuset(parent.borrow(), dir.borrow()));
  parts_.push_back({.controller = hierarchy.controllers,
                    .parent = std::move(parent),
                    .name = path.back(),
                    .dir = std::move(dir),
                    .made = made.has_value()});
  return {};
}

Result<> Group::make_parts(const Host& host, std::string_view path,
                           const std::vector<Write>& writes, Width width, Existing existing) {
  TRY_SET(const std::vector<std::string> parts, components_of(path));
  const std::vector<std::string> controllers = controllers_for(layout_, writes, width);
  if (layout_ == Layout::kUnified) {
    TRY_SET(const Hierarchy tree, host.hierarchy(""));
    return make_part(tree, parts, controllers, writes, existing);
  }
  for (const std::string& controller : controllers) {
    auto hierarchy = host.hierarchy(controller);
    if (!hierarchy && !was_asked(writes, controller)) continue;
    if (!hierarchy) return std::unexpected(std::move(hierarchy).error());
    TRY(make_part(*hierarchy, parts, controllers, writes, existing));
  }
  return {};
}

namespace {

// As one write(2), which kernel pseudo-files want.
Result<> write_value(BorrowedFd file, const Write& write) {
  const auto written = sys::write_some(file, write.value);
  if (!written)
    return std::unexpected(Error::from_errno(written.error().sys_errno(), "write " + write.file));
  return {};
}

}  // namespace

Result<> Group::apply(const std::vector<Write>& writes) const {
  UniqueFd file;
  const Write* last = nullptr;
  for (const Write& write : writes) {
    const Part* where = part(write.controller);
    if (where == nullptr)
      return fail(Code::kNotFound, "no control group controller " + quote(write.controller));
    // Device rules are many writes to one file.
    if (last == nullptr || last->file != write.file) {
      auto opened = sys::open_at(where->dir.borrow(), write.file.c_str(), O_WRONLY);
      if (!opened && opened.error().code() == Code::kNotFound)
        return fail(
            Code::kUnsupported,
            "set " + write.what + ": " +
                (layout_ == Layout::kUnified ? "no " + write.file +
                                                   " in the group: this kernel lacks it, or the "
                                                   "group above was not given the controller " +
                                                   write.controller
                                             : "this kernel has no " + write.file));
      TRY_SET(file, std::move(opened), "set " + write.what);
      last = &write;
    }
    TRY(write_value(file.borrow(), write), "set " + write.what);
  }
  return {};
}

Result<Group> Group::create(const Host& host, std::string_view path,
                            const oci::Resources& resources, Width width, Existing existing) {
  Group group(host.layout());
  const bool v2 = host.layout() == Layout::kUnified;
  TRY_SET(const std::vector<Write> writes, v2 ? plan_v2(resources) : plan_v1(resources));
  const auto made = [&]() -> Result<> {
    TRY(group.make_parts(host, path, writes, width, existing));
    // Its own state, or that of a group above.
    if (existing == Existing::kTake && group.stops_processes())
      return fail(Code::kWrongState, "the control group " + quote(path) +
                                         " is there and frozen: nothing could run in it; thaw it, "
                                         "or give another path");
    TRY(group.apply(writes));
    if (v2 && !resources.devices.empty())
      TRY(attach_device_program(group.parts_.front().dir.borrow(), resources.devices));
    return {};
  }();
  if (!made) {
    std::erase_if(group.parts_, [](const Part& part) { return !part.made; });
    (void)group.remove();
    return std::unexpected(made.error());
  }
  return group;
}

Result<> Group::find_part(const Hierarchy& hierarchy, const std::vector<std::string>& path) {
  constexpr int kDirectory = O_PATH | O_DIRECTORY | O_NOFOLLOW;
  TRY_SET(UniqueFd parent, sys::duplicate(hierarchy.root.borrow()));
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    TRY_SET(parent, sys::open_at(parent.borrow(), path[i].c_str(), kDirectory));
  }
  TRY_SET(UniqueFd dir, sys::open_at(parent.borrow(), path.back().c_str(), kDirectory));
  parts_.push_back({.controller = hierarchy.controllers,
                    .parent = std::move(parent),
                    .name = path.back(),
                    .dir = std::move(dir)});
  return {};
}

Result<Group> Group::open(const Host& host, std::string_view path) {
  TRY_SET(const std::vector<std::string> parts, components_of(path));
  Group group(host.layout());
  if (host.layout() == Layout::kUnified) {
    TRY_SET(const Hierarchy tree, host.hierarchy(""));
    (void)group.find_part(tree, parts);  // it may be gone
    return group;
  }
  for (const std::string_view controller : kKnownV1)
    if (const auto hierarchy = host.hierarchy(controller)) (void)group.find_part(*hierarchy, parts);
  return group;
}

Result<> Group::Part::descend(const std::vector<std::string>& path) {
  for (const std::string& step : path) {
    auto next = sys::open_at(dir.borrow(), step.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (!next) return fail(Code::kNotFound, "the container has none of that name");
    parent = std::exchange(dir, *std::move(next));
    name = step;
  }
  return {};
}

Result<> Group::descend(std::string_view below) {
  const std::size_t colon = below.find(':');
  const bool some = colon != std::string_view::npos;
  const auto controllers =
      some ? split(below.substr(0, colon), ',') : std::vector<std::string_view>{};
  TRY_SET(const std::vector<std::string> path,
          components_of(some ? below.substr(colon + 1) : below));
  for (const std::string_view controller : controllers)
    if (layout_ == Layout::kUnified || part(controller) == nullptr)
      return fail(Code::kInvalidArgument,
                  "the container is in no control group of " + quote(controller));
  for (Part& one : parts_) {
    if (some && std::ranges::find(controllers, one.controller) == controllers.end()) continue;
    TRY(one.descend(path), "control group " + one.controller + " " + quote(below));
  }
  return {};
}

Result<> Group::add(pid_t pid) const {
  for (const Part& part : parts_)
    TRY(sys::write_at(part.dir.borrow(), "cgroup.procs", std::to_string(pid)),
        "enter control group " + part.controller);
  return {};
}

Result<Doors> Group::doors() const {
  Doors doors;
  if (layout_ == Layout::kUnified) {
    if (parts_.empty()) return fail(Code::kNotFound, "the control group is gone");
    TRY_SET(doors.birthplace, sys::duplicate(parts_.front().dir.borrow()));
    return doors;
  }
  for (const Part& part : parts_) {
    TRY_SET(UniqueFd tasks, sys::open_at(part.dir.borrow(), "tasks", O_WRONLY));
    doors.tasks.push_back(std::move(tasks));
  }
  return doors;
}

Result<> Doors::enter() const {
  for (const UniqueFd& file : tasks) TRY(sys::write_all(file.borrow(), "0"));
  return {};
}

Result<> Group::remove() {
  while (!parts_.empty()) {
    TRY(remove_patiently(parts_.back().parent.borrow(), parts_.back().name),
        "remove control group");
    parts_.pop_back();
  }
  return {};
}

}  // namespace planet::cgroup
