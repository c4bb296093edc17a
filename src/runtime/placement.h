// When and where a container's process gets to run, and what machine it sees.
//
// Source: OCI runtime-spec config.md#linux-process (scheduler, ioPriority, execCPUAffinity), config-linux.md#memory-policy,
// #personality.
#pragma once

#include <sys/types.h>

#include <string_view>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::runtime {

// The parent's: process.scheduler and process.ioPriority of a process of ours, which may have given up the host's rights
// that they need. It is in its control group already: a group may have no share for such a scheduler.
Result<> set_scheduling(pid_t pid, const oci::Process& process);

// The calling process's: the processors that it may run on; an empty list leaves them alone.
Result<> run_on(std::string_view cpus);

// The calling process's: linux.memoryPolicy and linux.personality, which it keeps over exec.
Result<> take_habits(const oci::Linux& spec);

}  // namespace planet::runtime
