// Device rules on cgroup v2: a small program that the kernel asks at every open and mknod of a device.
//
// Source: kernel Documentation/admin-guide/cgroup-v2.rst, "Device controller"; bpf(2), BPF_PROG_TYPE_CGROUP_DEVICE.
#pragma once

#include <linux/bpf.h>

#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"

namespace planet::cgroup {

// The rules as instructions; later rules win, as on v1; what no rule names is refused. Pure.
// Errors: kInvalidArgument - a rule with an unknown type or access.
Result<std::vector<bpf_insn>> compile_device_rules(const std::vector<oci::DeviceRule>& rules);

// Compiles, loads and attaches to the cgroup directory `group`. The program goes with the group.
Result<> attach_device_program(BorrowedFd group, const std::vector<oci::DeviceRule>& rules);

}  // namespace planet::cgroup
