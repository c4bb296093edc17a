// When and where a process gets to run, and as what kind of machine it sees this one.
//
// Source: sched_setattr(2), ioprio_set(2), sched_setaffinity(2), set_mempolicy(2), personality(2).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

#include "base/error.h"

namespace planet::sys {

struct SchedulerAttributes {
  unsigned policy = 0;                                  // SCHED_* of <linux/sched.h>
  std::uint64_t flags = 0;                              // SCHED_FLAG_*
  int nice = 0;                                         // SCHED_OTHER, SCHED_BATCH
  unsigned priority = 0;                                // SCHED_FIFO, SCHED_RR
  std::uint64_t runtime = 0, deadline = 0, period = 0;  // SCHED_DEADLINE, nanoseconds
};

// `pid` 0 is the caller.
Result<> set_scheduler(pid_t pid, const SchedulerAttributes& attributes);
Result<> set_io_priority(pid_t pid, int io_class,
                         int level);  // 1 real time, 2 best effort, 3 idle; 0..7
Result<> set_cpu_affinity(pid_t pid, const std::vector<unsigned>& cpus);

// Of the caller, kept over exec. `mode`: MPOL_* with MPOL_F_* of <linux/mempolicy.h>; no nodes where the mode has none.
Result<> set_memory_policy(unsigned mode, const std::vector<unsigned>& nodes);

// Of the caller: PER_* of <linux/personality.h>.
Result<> set_personality(unsigned persona);

}  // namespace planet::sys
