// The flags of `planet run` that limit what a container uses, as oci::Resources.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "cli/flags.h"
#include "oci/spec.h"

namespace planet::cli {

// The flags as text, before they are judged; what was not given has no value.
struct ResourceWords {
  std::optional<std::string> memory, memory_swap, memory_reservation, swappiness, cpus, cpu_shares,
      cpu_period, cpu_quota, cpuset_cpus, cpuset_mems, pids_limit, blkio_weight;
  std::vector<std::string> read_bps, write_bps, read_iops, write_iops;
};

// `words` outlives the parsing of `app`.
void add_resource_flags(Flags& flags, ResourceWords& words);

// Errors: kInvalidArgument - naming the flag, its value and what is expected.
Result<> judge_resources(const ResourceWords& words, oci::Resources& resources);

}  // namespace planet::cli
