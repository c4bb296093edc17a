#include "resource_flags.h"

#include "base/strings.h"
#include "cli.h"
#include "engine/parse.h"
#include "sys/device.h"

namespace planet::cli {
namespace {

// A whole number between two; docker's word for "as if it were not given" is none at all.
struct Whole {
  const char* flag;
  std::int64_t least, most, none;
};

constexpr std::int64_t kMostShares = 262144;
constexpr std::int64_t kMostPids = 4194304;  // PID_MAX_LIMIT
constexpr std::int64_t kLeastPeriod = 1000;  // microseconds, the kernel's
constexpr std::int64_t kMostPeriod = 1'000'000;
constexpr std::int64_t kMostQuota = std::int64_t{1}
                                    << 43;  // the kernel counts nanoseconds in 64 bits

constexpr Whole kSwappiness{"--memory-swappiness", 0, 100, -1};
constexpr Whole kShares{"--cpu-shares", 2, kMostShares, 0};
constexpr Whole kPeriod{"--cpu-period", kLeastPeriod, kMostPeriod, 0};
constexpr Whole kQuota{"--cpu-quota", kLeastPeriod, kMostQuota, -1};
constexpr Whole kPids{"--pids-limit", 1, kMostPids, -1};
constexpr Whole kWeight{"--blkio-weight", 10, 1000, 0};

Result<std::optional<std::int64_t>> whole(const Whole& kind,
                                          const std::optional<std::string>& text) {
  if (!text || *text == std::to_string(kind.none)) return std::optional<std::int64_t>();
  TRY_SET(const std::int64_t value, engine::parse_whole(kind.flag, *text, kind.least, kind.most));
  return std::optional(value);
}

// A size, where 0 means none: docker-run(1).
Result<std::optional<std::int64_t>> size(const char* flag, const std::optional<std::string>& text) {
  if (!text) return std::optional<std::int64_t>();
  TRY_SET(const std::int64_t value, engine::parse_size(flag, *text));
  return value == 0 ? std::nullopt : std::optional(value);
}

std::unexpected<Error> bad(const char* flag, const std::optional<std::string>& text,
                           const std::string& why) {
  return fail(Code::kInvalidArgument,
              std::string(flag) + " " + quote(text.value_or("")) + ": " + why);
}

Result<> judge_swap(const ResourceWords& words, oci::Memory& memory) {
  if (words.memory_swap == "-1") {
    memory.swap = -1;
    return {};
  }
  TRY_SET(memory.swap, size("--memory-swap", words.memory_swap));
  if (!memory.swap) return {};
  const std::string meaning = "it counts memory and swap together, so ";
  if (!memory.limit)
    return bad("--memory-swap", words.memory_swap, meaning + "it needs --memory too");
  if (*memory.swap < *memory.limit)
    return bad("--memory-swap", words.memory_swap,
               meaning + "it cannot be below --memory " + quote(*words.memory));
  return {};
}

Result<> judge_memory(const ResourceWords& words, oci::Resources& resources) {
  constexpr std::int64_t kLeastMemory = 6 << 20;
  oci::Memory memory;
  TRY_SET(memory.limit, size("--memory", words.memory));
  if (memory.limit && *memory.limit < kLeastMemory)
    return bad("--memory", words.memory, "the least that starts is 6m");
  TRY(judge_swap(words, memory));
  TRY_SET(memory.reservation, size("--memory-reservation", words.memory_reservation));
  if (memory.reservation && memory.limit && *memory.reservation > *memory.limit)
    return bad("--memory-reservation", words.memory_reservation,
               "it is above --memory " + quote(*words.memory));
  TRY_SET(const auto swappiness, whole(kSwappiness, words.swappiness));
  if (swappiness) memory.swappiness = static_cast<std::uint64_t>(*swappiness);
  if (memory.limit || memory.swap || memory.reservation || memory.swappiness)
    resources.memory = memory;
  return {};
}

Result<> judge_cpu(const ResourceWords& words, oci::Resources& resources) {
  oci::Cpu cpu;
  TRY_SET(const auto shares, whole(kShares, words.cpu_shares));
  TRY_SET(const auto period, whole(kPeriod, words.cpu_period));
  TRY_SET(cpu.quota, whole(kQuota, words.cpu_quota));
  if (shares) cpu.shares = static_cast<std::uint64_t>(*shares);
  if (period) cpu.period = static_cast<std::uint64_t>(*period);
  for (const auto& [flag, text, to] :
       {std::tuple("--cpuset-cpus", &words.cpuset_cpus, &cpu.cpus),
        std::tuple("--cpuset-mems", &words.cpuset_mems, &cpu.mems)}) {
    if (text->value_or("").empty()) continue;
    TRY(engine::check_number_list(flag, **text));
    *to = **text;
  }
  if (words.cpus && *words.cpus != "0") {
    if (cpu.quota || cpu.period)
      return fail(Code::kInvalidArgument,
                  "--cpus and --cpu-quota or --cpu-period say the same thing twice; give one");
    TRY_SET(cpu.quota, engine::parse_cpus(*words.cpus));
    cpu.period = 100000;
  }
  if (cpu.shares || cpu.quota || cpu.period || !cpu.cpus.empty() || !cpu.mems.empty())
    resources.cpu = cpu;
  return {};
}

Result<> add_rates(const char* flag, const std::vector<std::string>& texts, bool bytes,
                   std::vector<oci::ThrottleDevice>& to) {
  for (const std::string& text : texts) {
    TRY_SET(const auto rate, engine::parse_rate(flag, text, bytes));
    TRY_SET(const sys::DeviceNumber number, sys::block_device_number(rate.first), flag);
    to.push_back({.major = number.major, .minor = number.minor, .rate = rate.second});
  }
  return {};
}

Result<> judge_io(const ResourceWords& words, oci::Resources& resources) {
  oci::BlockIo io;
  TRY_SET(const auto weight, whole(kWeight, words.blkio_weight));
  if (weight) io.weight = static_cast<std::uint16_t>(*weight);
  TRY(add_rates("--device-read-bps", words.read_bps, true, io.throttle_read_bps));
  TRY(add_rates("--device-write-bps", words.write_bps, true, io.throttle_write_bps));
  TRY(add_rates("--device-read-iops", words.read_iops, false, io.throttle_read_iops));
  TRY(add_rates("--device-write-iops", words.write_iops, false, io.throttle_write_iops));
  const bool any = io.weight || !io.throttle_read_bps.empty() || !io.throttle_write_bps.empty() ||
                   !io.throttle_read_iops.empty() || !io.throttle_write_iops.empty();
  if (any) resources.block_io = std::move(io);
  return {};
}

Result<> judge_pids(const ResourceWords& words, oci::Resources& resources) {
  // Both mean no limit, which is not the same as not giving the flag.
  if (words.pids_limit == "0" || words.pids_limit == "-1") {
    resources.pids_limit = -1;
    return {};
  }
  TRY_SET(resources.pids_limit, whole(kPids, words.pids_limit));
  return {};
}

}  // namespace

void add_resource_flags(Flags& flags, ResourceWords& words) {
  flags.add_text("-m,--memory", words.memory, "memory limit: 512m");
  flags.add_text("--memory-swap", words.memory_swap, "memory and swap together; -1 for no limit");
  flags.add_text("--memory-reservation", words.memory_reservation,
                 "what it may keep under pressure");
  flags.add_text("--memory-swappiness", words.swappiness, "0 to 100 (cgroup v1)");
  flags.add_text("--cpus", words.cpus, "processors: 0.5");
  flags.add_text("-c,--cpu-shares", words.cpu_shares, "weight; 1024 is the middle");
  flags.add_text("--cpu-period", words.cpu_period, "microseconds");
  flags.add_text("--cpu-quota", words.cpu_quota, "microseconds a period");
  flags.add_text("--cpuset-cpus", words.cpuset_cpus, "0-3,5");
  flags.add_text("--cpuset-mems", words.cpuset_mems, "0-1");
  flags.add_text("--pids-limit", words.pids_limit, "processes; -1 for no limit (4096)");
  flags.add_text("--blkio-weight", words.blkio_weight, "10 to 1000");
  flags.add_list("--device-read-bps", words.read_bps, "/dev/NAME:RATE");
  flags.add_list("--device-write-bps", words.write_bps, "/dev/NAME:RATE");
  flags.add_list("--device-read-iops", words.read_iops, "/dev/NAME:NUMBER");
  flags.add_list("--device-write-iops", words.write_iops, "/dev/NAME:NUMBER");
}

Result<> judge_resources(const ResourceWords& words, oci::Resources& resources) {
  TRY(judge_memory(words, resources));
  TRY(judge_cpu(words, resources));
  TRY(judge_pids(words, resources));
  return judge_io(words, resources);
}

}  // namespace planet::cli
