// Programs for the kernel: only what control groups need.
//
// Source: bpf(2), BPF_PROG_LOAD, BPF_PROG_ATTACH.
#pragma once

#include <linux/bpf.h>

#include <span>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// A program of type BPF_PROG_TYPE_CGROUP_DEVICE.
// Errors: the kernel's, with the last line of the verifier's log.
Result<UniqueFd> load_device_program(std::span<const bpf_insn> code);

// Beside others that are attached (BPF_F_ALLOW_MULTI): all must agree.
Result<> attach_to_cgroup(BorrowedFd program, BorrowedFd cgroup);

}  // namespace planet::sys
