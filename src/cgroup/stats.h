// What a control group has used, in either version's files as one set of numbers.
//
// Source: kernel Documentation/admin-guide/cgroup-v2.rst; cgroup-v1/{memory,cpuacct,blkio-controller,pids}.rst.
// Units: bytes and nanoseconds. A file that the host has not is 0.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "cgroup/group.h"

namespace planet::cgroup {

inline constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

struct CpuStats {
  std::uint64_t total = 0, user = 0, kernel = 0;
  std::vector<std::uint64_t> per_processor;  // v1
  std::uint64_t periods = 0, throttled_periods = 0, throttled = 0;
};

struct MemoryCounter {
  std::uint64_t limit = 0, usage = 0, most = 0, failures = 0;
};

struct MemoryStats {
  std::uint64_t cache = 0;
  MemoryCounter memory, swap, kernel, kernel_tcp;  // v1 counts memory and swap together as swap
  std::map<std::string, std::uint64_t> raw;        // memory.stat
};

struct IoEntry {
  std::uint64_t major = 0, minor = 0;
  std::string operation;  // "Read", "Write", ...
  std::uint64_t value = 0;
  bool operator==(const IoEntry&) const = default;
};

struct Stats {
  CpuStats cpu;
  MemoryStats memory;
  std::uint64_t processes = 0, most_processes = 0;  // the limit: 0 for none
  std::vector<IoEntry> io_bytes, io_operations;
};

Stats read_stats(const Group& group);

// "NAME 12\nOTHER 3\n"; a line that is not so is passed over. Pure, as are the others.
std::map<std::string, std::uint64_t> parse_counters(std::string_view text);
// One of them; 0 if it is not there.
std::uint64_t counter(const std::map<std::string, std::uint64_t>& counters, const char* name);
// v1: "8:0 Read 4096"; the "Total" without a device is passed over.
std::vector<IoEntry> parse_io_v1(std::string_view text);
// v2: "8:0 rbytes=4096 wbytes=0 rios=1 wios=0": those of the two keys.
std::vector<IoEntry> parse_io_v2(std::string_view text, std::string_view read_key,
                                 std::string_view write_key);

}  // namespace planet::cgroup
