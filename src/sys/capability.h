// The capability sets of the calling process, by raw calls: one thread, no library.
//
// Source: capget(2), prctl(2), capabilities(7).
#pragma once

#include <cstdint>

#include "base/error.h"

namespace planet::sys {

// One bit for each capability, by its number in <linux/capability.h>.
using CapabilitySet = std::uint64_t;

Result<> set_capabilities(CapabilitySet effective, CapabilitySet permitted,
                          CapabilitySet inheritable);
Result<> drop_bounding_capability(int number);
Result<> raise_ambient_capability(int number);
Result<> clear_ambient_capabilities();
Result<CapabilitySet> permitted_capabilities();  // the caller's
bool kernel_knows_capability(int number);

}  // namespace planet::sys
