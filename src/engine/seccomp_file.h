// A user's seccomp profile: read from the file that --security-opt names, and what of it holds for a container kept
// beside the container's record, for the processes that exec puts inside later.
#pragma once

#include <string>

#include "base/error.h"
#include "engine/places.h"
#include "oci/seccomp_profile.h"

namespace planet::engine {

// Errors: those of reading the file (4 MiB at most) and of oci::parse_seccomp_profile, naming flag and file.
Result<oci::SeccompProfile> read_seccomp_profile(const std::string& file);

// This processor and this kernel.
Result<oci::Machine> this_machine();

Result<> keep_seccomp(const Places& places, const std::string& id, const oci::Seccomp& seccomp);
// Errors: kNotFound and kCorrupt - it must be there: without it the process would have no filter.
Result<oci::Seccomp> kept_seccomp(const Places& places, const std::string& id);

}  // namespace planet::engine
