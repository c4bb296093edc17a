#include <linux/stat.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "base/strings.h"
#include "cgroup/device_program.h"
#include "cgroup/group.h"
#include "cgroup/stats.h"
#include "sys/file.h"
#include "sys/process.h"

// What is done with a group while it is in use.
namespace planet::cgroup {
namespace {

// Nobody, if the group is gone.
Result<std::vector<pid_t>> processes_in(BorrowedFd dir) {
  const auto text = sys::read_file_at(dir, "cgroup.procs", 16U << 20);
  std::vector<pid_t> pids;
  if (!text && (text.error().sys_errno() == ENOENT || text.error().sys_errno() == ENODEV))
    return pids;
  if (!text) return std::unexpected(text.error());
  for (const std::string_view line : split(trim(*text), '\n'))
    if (const auto pid = parse_number<pid_t>(line, "pid"); pid && *pid > 0) pids.push_back(*pid);
  return pids;
}

Result<> collect_processes(BorrowedFd dir, std::vector<pid_t>& pids) {
  TRY_SET(const std::vector<pid_t> own, processes_in(dir));
  pids.insert(pids.end(), own.begin(), own.end());
  TRY_SET(const UniqueFd readable, sys::open_at(dir, ".", O_RDONLY | O_DIRECTORY));
  TRY_SET(const std::vector<std::string> names, sys::list_dir(readable.borrow()));
  for (const std::string& name : names) {
    const auto below = sys::open_at(dir, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
    if (below) TRY(collect_processes(below->borrow(), pids));
  }
  return {};
}

// Calls `done` until it is true, for so many milliseconds.
template <class F>
Result<bool> wait_until(int patience, F&& done) {
  for (int ms = 0;; ++ms) {
    TRY_SET(const bool now, done());
    if (now || ms == patience) return now;
    sys::sleep_ms(1);
  }
}

}  // namespace

Result<std::vector<pid_t>> Group::processes() const {
  std::vector<pid_t> pids;
  if (!parts_.empty()) TRY(collect_processes(parts_.front().dir.borrow(), pids));
  std::ranges::sort(pids);
  return pids;
}

// memory.checkBeforeUpdate: a limit below what is in use is refused, where the kernel would begin to kill.
Result<> Group::check_memory_in_use(const oci::Memory& memory) const {
  if (!memory.check_before_update.value_or(false) || memory.limit.value_or(0) <= 0) return {};
  const bool v2 = layout_ == Layout::kUnified;
  TRY_SET(const std::string text, read("memory", v2 ? "memory.current" : "memory.usage_in_bytes"));
  TRY_SET(const auto used, parse_number<std::int64_t>(trim(text), "memory in use"));
  if (used <= *memory.limit) return {};
  return fail(Code::kWrongState, "resources.memory.limit is " + std::to_string(*memory.limit) +
                                     ", and the container uses " + std::to_string(used) + " bytes");
}

Result<> Group::update(const oci::Resources& resources) const {
  const bool v2 = layout_ == Layout::kUnified;
  if (resources.memory) TRY(check_memory_in_use(*resources.memory));
  TRY_SET(const std::vector<Write> writes, v2 ? plan_v2(resources) : plan_v1(resources));
  if (Result<> applied = apply(writes); !applied) {
    // v1: memory and swap limits bound each other, so which comes first depends on whether they grow or shrink.
    const bool order = !v2 && resources.memory && resources.memory->limit && resources.memory->swap;
    if (!order) return applied;
    std::vector<Write> reversed = writes;
    std::ranges::reverse(reversed);
    TRY(apply(reversed));
  }
  if (v2 && !resources.devices.empty())
    TRY(attach_device_program(parts_.front().dir.borrow(), resources.devices));
  return {};
}

Result<> Group::freeze() const {
  constexpr int kPatience = 10'000;
  const Part* freezer = part("freezer");
  if (freezer == nullptr)
    return fail(Code::kUnsupported, "the container is in no freezer control group");
  const BorrowedFd dir = freezer->dir.borrow();
  const bool v2 = layout_ == Layout::kUnified;
  TRY_SET(const bool stopped, wait_until(kPatience, [&]() -> Result<bool> {
            // v1 can stay FREEZING while processes fork: asking again helps.
            TRY(sys::write_at(dir, v2 ? "cgroup.freeze" : "freezer.state", v2 ? "1" : "FROZEN"));
            return frozen();
          }));
  if (stopped) return {};
  (void)thaw();
  return fail(Code::kSystem, "the container's processes cannot be stopped");
}

Result<> Group::thaw() const {
  const Part* freezer = part("freezer");
  if (freezer == nullptr) return {};
  const bool v2 = layout_ == Layout::kUnified;
  return sys::write_at(freezer->dir.borrow(), v2 ? "cgroup.freeze" : "freezer.state",
                       v2 ? "0" : "THAWED");
}

bool Group::frozen() const {
  const Part* freezer = part("freezer");
  if (freezer == nullptr) return false;
  const BorrowedFd dir = freezer->dir.borrow();
  if (layout_ == Layout::kUnified) {
    const auto events = sys::read_file_at(dir, "cgroup.events");
    return events && counter(parse_counters(*events), "frozen") != 0;
  }
  const auto state = sys::read_file_at(dir, "freezer.state");
  return state && trim(*state) == "FROZEN";
}

Result<std::string> Group::read(std::string_view controller, const char* file) const {
  const Part* where = part(controller);
  if (where == nullptr)
    return fail(Code::kNotFound, "the container is in no control group of " + quote(controller));
  return sys::read_file_at(where->dir.borrow(), file);
}

bool Group::stops_processes() const {
  if (layout_ == Layout::kLegacy)
    return trim(read("freezer", "freezer.state").value_or("THAWED")) != "THAWED";
  return frozen() || trim(read("freezer", "cgroup.freeze").value_or("0")) == "1";
}

std::uint64_t Group::oom_kills() const {
  const char* file = layout_ == Layout::kUnified ? "memory.events" : "memory.oom_control";
  return counter(parse_counters(read("memory", file).value_or("")), "oom_kill");
}

Result<> Group::kill_all() const {
  if (parts_.empty()) return {};
  const BorrowedFd dir = parts_.front().dir.borrow();
  if (layout_ == Layout::kUnified && sys::write_at(dir, "cgroup.kill", "1")) return {};
  // Without cgroup.kill (v1; Linux before 5.14): until a look finds nobody. A fork in between is found by the next.
  constexpr int kRounds = 1000;
  for (int round = 0; round < kRounds; ++round) {
    TRY_SET(const std::vector<pid_t> pids, processes_in(dir));
    if (pids.empty()) return {};
    for (const pid_t pid : pids)
      if (const auto process = sys::open_pidfd(pid))
        (void)sys::send_signal(process->borrow(), SIGKILL);
    sys::sleep_ms(1);
  }
  return fail(Code::kSystem, "processes of the control group do not die");
}

}  // namespace planet::cgroup
