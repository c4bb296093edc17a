// What running containers use at this moment: `planet stats`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/containers.h"

namespace planet::engine {

struct Usage {
  std::int64_t taken = 0;          // CLOCK_MONOTONIC, ns
  std::uint64_t cpu = 0;           // ns, of all processors together
  std::uint64_t memory = 0;        // bytes, without the page cache that can be given back at once
  std::uint64_t memory_limit = 0;  // its own, or what the host has
  std::uint64_t read = 0, written = 0;  // bytes of block devices
  std::uint64_t processes = 0;
  // PSI, "some avg10" in percent; only v2 has it for a group.
  std::optional<double> cpu_pressure, memory_pressure, io_pressure;
};

// Errors: kWrongState - it does not run.
Result<Usage> usage_of(const Container& container);

// Percent of one processor between two moments.
double cpu_percent(const Usage& before, const Usage& now);
double memory_percent(const Usage& usage);

}  // namespace planet::engine
