#include "sys/scheduling.h"

#include <linux/sched/types.h>
#include <sys/personality.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "sys/call_error.h"

namespace planet::sys {
namespace {

// <linux/ioprio.h> has a parameter "class" and is not for C++.
constexpr int kWhoProcess = 1;
constexpr int kClassShift = 13;

constexpr unsigned kBits = 8 * sizeof(unsigned long);

std::vector<unsigned long> mask_of(const std::vector<unsigned>& numbers) {
  std::vector<unsigned long> mask(1);
  for (const unsigned number : numbers) {
    if (number / kBits >= mask.size()) mask.resize(number / kBits + 1);
    mask[number / kBits] |= 1UL << (number % kBits);
  }
  return mask;
}

Result<> done(long result, const char* call) {
  if (result < 0) return std::unexpected(call_error(errno, call, call));
  return {};
}

}  // namespace

Result<> set_scheduler(pid_t pid, const SchedulerAttributes& attributes) {
  sched_attr attr{};
  attr.size = sizeof attr;
  attr.sched_policy = attributes.policy;
  attr.sched_flags = attributes.flags;
  attr.sched_nice = attributes.nice;
  attr.sched_priority = attributes.priority;
  attr.sched_runtime = attributes.runtime;
  attr.sched_deadline = attributes.deadline;
  attr.sched_period = attributes.period;
  return done(::syscall(SYS_sched_setattr, pid, &attr, 0), "sched_setattr");
}

Result<> set_io_priority(pid_t pid, int io_class, int level) {
  return done(::syscall(SYS_ioprio_set, kWhoProcess, pid, (io_class << kClassShift) | level),
              "ioprio_set");
}

Result<> set_cpu_affinity(pid_t pid, const std::vector<unsigned>& cpus) {
  const std::vector<unsigned long> mask = mask_of(cpus);
  return done(
      ::syscall(SYS_sched_setaffinity, pid, mask.size() * sizeof(unsigned long), mask.data()),
      "sched_setaffinity");
}

Result<> set_memory_policy(unsigned mode, const std::vector<unsigned>& nodes) {
  const std::vector<unsigned long> mask = mask_of(nodes);
  // The kernel counts one bit less than it is told.
  const unsigned long bits = nodes.empty() ? 0 : mask.size() * kBits + 1;
  return done(::syscall(SYS_set_mempolicy, mode, nodes.empty() ? nullptr : mask.data(), bits),
              "set_mempolicy");
}

Result<> set_personality(unsigned persona) {
  return done(::personality(persona), "personality");
}

}  // namespace planet::sys
