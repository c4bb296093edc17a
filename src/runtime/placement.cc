#include "runtime/placement.h"

#include <linux/mempolicy.h>
#include <linux/personality.h>
#include <linux/sched.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "base/strings.h"
#include "sys/scheduling.h"

namespace planet::runtime {
namespace {

using Word = std::pair<std::string_view, unsigned>;

constexpr unsigned kWeightedInterleave = 6;  // MPOL_WEIGHTED_INTERLEAVE, Linux 6.9
constexpr unsigned kSchedIso = 4;            // reserved; the kernel refuses it

constexpr Word kPolicies[] = {
    {"SCHED_OTHER", SCHED_NORMAL},     {"SCHED_FIFO", SCHED_FIFO}, {"SCHED_RR", SCHED_RR},
    {"SCHED_BATCH", SCHED_BATCH},      {"SCHED_ISO", kSchedIso},   {"SCHED_IDLE", SCHED_IDLE},
    {"SCHED_DEADLINE", SCHED_DEADLINE}};
constexpr Word kFlags[] = {{"SCHED_FLAG_RESET_ON_FORK", SCHED_FLAG_RESET_ON_FORK},
                           {"SCHED_FLAG_RECLAIM", SCHED_FLAG_RECLAIM},
                           {"SCHED_FLAG_DL_OVERRUN", SCHED_FLAG_DL_OVERRUN},
                           {"SCHED_FLAG_KEEP_POLICY", SCHED_FLAG_KEEP_POLICY},
                           {"SCHED_FLAG_KEEP_PARAMS", SCHED_FLAG_KEEP_PARAMS},
                           {"SCHED_FLAG_UTIL_CLAMP_MIN", SCHED_FLAG_UTIL_CLAMP_MIN},
                           {"SCHED_FLAG_UTIL_CLAMP_MAX", SCHED_FLAG_UTIL_CLAMP_MAX}};
constexpr Word kClasses[] = {
    {"IOPRIO_CLASS_RT", 1}, {"IOPRIO_CLASS_BE", 2}, {"IOPRIO_CLASS_IDLE", 3}};
constexpr Word kModes[] = {{"MPOL_DEFAULT", MPOL_DEFAULT},
                           {"MPOL_BIND", MPOL_BIND},
                           {"MPOL_INTERLEAVE", MPOL_INTERLEAVE},
                           {"MPOL_WEIGHTED_INTERLEAVE", kWeightedInterleave},
                           {"MPOL_PREFERRED", MPOL_PREFERRED},
                           {"MPOL_PREFERRED_MANY", MPOL_PREFERRED_MANY},
                           {"MPOL_LOCAL", MPOL_LOCAL}};
constexpr Word kModeFlags[] = {{"MPOL_F_STATIC_NODES", MPOL_F_STATIC_NODES},
                               {"MPOL_F_RELATIVE_NODES", MPOL_F_RELATIVE_NODES},
                               {"MPOL_F_NUMA_BALANCING", MPOL_F_NUMA_BALANCING}};
constexpr Word kDomains[] = {{"LINUX", PER_LINUX}, {"LINUX32", PER_LINUX32}};

template <std::size_t N>
Result<unsigned> value_of(const Word (&words)[N], std::string_view word, const char* field) {
  const auto* const found = std::ranges::find(words, word, &Word::first);
  if (found != std::end(words)) return found->second;
  return fail(Code::kInvalidArgument, std::string(field) + ": " + quote(word) + " is unknown");
}

Result<> set_policy(pid_t pid, const oci::Scheduler& spec) {
  sys::SchedulerAttributes attributes{.policy = 0,
                                      .flags = 0,
                                      .nice = spec.nice,
                                      .priority = static_cast<unsigned>(spec.priority),
                                      .runtime = spec.runtime,
                                      .deadline = spec.deadline,
                                      .period = spec.period};
  TRY_SET(attributes.policy, value_of(kPolicies, spec.policy, "process.scheduler.policy"));
  for (const std::string& word : spec.flags) {
    TRY_SET(const unsigned flag, value_of(kFlags, word, "process.scheduler.flags"));
    attributes.flags |= flag;
  }
  Result<> set = sys::set_scheduler(pid, attributes);
  const bool real_time = attributes.policy == SCHED_FIFO || attributes.policy == SCHED_RR;
  if (!set && real_time && set.error().code() == Code::kPermission)
    return fail(Code::kPermission,
                spec.policy +
                    " is refused: the runtime needs CAP_SYS_NICE and, on cgroup v1, the container "
                    "linux.resources.cpu.realtimeRuntime, a share of it");
  return set;
}

Result<> set_policy(const oci::MemoryPolicy& spec) {
  TRY_SET(unsigned mode, value_of(kModes, spec.mode, "mode"));
  for (const std::string& word : spec.flags) {
    TRY_SET(const unsigned flag, value_of(kModeFlags, word, "flags"));
    mode |= flag;
  }
  std::vector<unsigned> nodes;
  if (!spec.nodes.empty()) {
    TRY_SET(nodes, parse_number_list(spec.nodes), "nodes");
  }
  return sys::set_memory_policy(mode, nodes);
}

}  // namespace

Result<> set_scheduling(pid_t pid, const oci::Process& process) {
  if (process.io_priority) {
    TRY_SET(const unsigned io_class,
            value_of(kClasses, process.io_priority->io_class, "process.ioPriority.class"));
    TRY(sys::set_io_priority(pid, static_cast<int>(io_class), process.io_priority->priority),
        "process.ioPriority");
  }
  if (process.scheduler) TRY(set_policy(pid, *process.scheduler), "process.scheduler");
  return {};
}

Result<> run_on(std::string_view cpus) {
  if (cpus.empty()) return {};
  TRY_SET(const std::vector<unsigned> numbers, parse_number_list(cpus), "process.execCPUAffinity");
  return sys::set_cpu_affinity(0, numbers);
}

Result<> take_habits(const oci::Linux& spec) {
  if (spec.memory_policy) TRY(set_policy(*spec.memory_policy), "linux.memoryPolicy");
  if (!spec.personality) return {};
  TRY_SET(const unsigned persona,
          value_of(kDomains, spec.personality->domain, "linux.personality.domain"));
  return sys::set_personality(persona);
}

}  // namespace planet::runtime
