// The OCI resources as the control files to write, for either version of control groups. Pure.
//
// Source: OCI runtime-spec config-linux.md#control-groups; kernel Documentation/admin-guide/cgroup-v2.rst and
// cgroup-v1/.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::cgroup {

// One control file. `what` says it in the user's words, for the error: "memory limit 1048576 bytes".
struct Write {
  std::string controller;  // "memory"
  std::string file;        // "memory.max"
  std::string value;
  std::string what;
  bool operator==(const Write&) const = default;
};

// Engines write 0 for "leave alone" (Docker: cpu.shares, blockIO.weight), and every runtime reads it so. Written, it
// would be the least share there is, a quota that the kernel refuses, or no memory at all. Without the fields that are 0.
oci::Resources without_zeros(oci::Resources resources);

// In the order in which they must be written.
// Errors: kInvalidArgument - numbers that contradict each other; kUnsupported - what that version does not have.
Result<std::vector<Write>> plan_v1(const oci::Resources& resources);
Result<std::vector<Write>> plan_v2(const oci::Resources& resources);

// cpu.shares (2..262144, 1024 is the middle) as cpu.weight (1..10000, 100 is the middle): a curve through the
// three points. 0 and 1 count as 2.
std::uint64_t weight_of_shares(std::uint64_t shares);

// What a container may do with devices unless it is told otherwise: nothing, but make nodes, and use the harmless
// ones. Later rules win.
std::vector<oci::DeviceRule> default_device_rules();

// "c 1:3 rwm" as the v1 devices.allow takes it.
Result<std::string> device_rule_text(const oci::DeviceRule& rule);

}  // namespace planet::cgroup
