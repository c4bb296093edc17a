#include <algorithm>
#include <limits>
#include <set>

#include "oci/judge.h"
#include "oci/validate.h"

namespace planet::oci {
namespace {

constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();

Result<> check_device_rule(const std::string& where, const DeviceRule& rule) {
  constexpr std::string_view kTypes[] = {"a", "b", "c"};
  TRY(check_word(where + ".type", rule.type, kTypes));
  if (rule.access.empty() || rule.access.find_first_not_of("rwm") != std::string::npos)
    return wrong_text(where + ".access", rule.access, "some of r, w and m");
  if (rule.major) TRY(check_range(where + ".major", *rule.major, -1, kMostMajor));
  if (rule.minor) TRY(check_range(where + ".minor", *rule.minor, -1, kMostMinor));
  return {};
}

Result<> check_memory(const std::string& where, const Memory& memory) {
  const std::pair<const char*, std::optional<std::int64_t>> limits[] = {
      {".limit", memory.limit},
      {".reservation", memory.reservation},
      {".swap", memory.swap},
      {".kernel", memory.kernel},
      {".kernelTCP", memory.kernel_tcp}};
  for (const auto& [name, value] : limits)
    if (value && *value < -1) return wrong(where + name, *value, "-1 for unlimited, or bytes");
  if (memory.swappiness) TRY(check_range(where + ".swappiness", *memory.swappiness, 0, 100));
  // `swap` counts memory and swap together. 0 is written for "leave alone".
  if (!memory.swap || *memory.swap <= 0) return {};
  if (!memory.limit || *memory.limit <= 0)
    return contradiction(where + ".swap", "is set, but limit is not: it counts memory and swap");
  if (*memory.swap < *memory.limit)
    return wrong(where + ".swap", *memory.swap,
                 "at least the limit, as it counts memory and swap together");
  return {};
}

// The kernel's bounds of a group's period and quota: 1 ms to 1 s. 0 is written for "leave alone".
Result<> check_cpu(const std::string& where, const Cpu& cpu) {
  constexpr std::int64_t kLeast = 1000;
  constexpr std::int64_t kMostPeriod = 1'000'000;
  if (cpu.quota && *cpu.quota != 0 && *cpu.quota != -1 && *cpu.quota < kLeast)
    return wrong(where + ".quota", *cpu.quota, "-1 for unlimited, or at least 1000 microseconds");
  if (cpu.period && *cpu.period != 0)
    TRY(check_range(where + ".period", *cpu.period, kLeast, kMostPeriod));
  if (cpu.burst && cpu.quota && *cpu.quota > 0 && std::cmp_greater(*cpu.burst, *cpu.quota))
    return wrong(where + ".burst", *cpu.burst, "at most the quota, " + std::to_string(*cpu.quota));
  if (cpu.realtime_runtime)
    TRY(check_range(where + ".realtimeRuntime", *cpu.realtime_runtime, -1, kAny));
  if (cpu.realtime_runtime && cpu.realtime_period && *cpu.realtime_period != 0 &&
      std::cmp_greater(*cpu.realtime_runtime, *cpu.realtime_period))
    return wrong(where + ".realtimeRuntime", *cpu.realtime_runtime,
                 "at most realtimePeriod, " + std::to_string(*cpu.realtime_period));
  if (cpu.idle) TRY(check_range(where + ".idle", *cpu.idle, 0, 1));
  TRY(check_number_list(where + ".cpus", cpu.cpus));
  return check_number_list(where + ".mems", cpu.mems);
}

Result<> check_weight(const std::string& where, const std::optional<std::uint16_t>& weight) {
  if (!weight || *weight == 0) return {};  // 0: leave alone
  return check_range(where, *weight, 10, 1000);
}

template <class Device>
Result<> check_numbers(const std::string& where, const Device& device) {
  TRY(check_range(where + ".major", device.major, 0, kMostMajor));
  return check_range(where + ".minor", device.minor, 0, kMostMinor);
}

Result<> check_block_io(const std::string& where, const BlockIo& io) {
  TRY(check_weight(where + ".weight", io.weight));
  TRY(check_weight(where + ".leafWeight", io.leaf_weight));
  for (std::size_t i = 0; i < io.weight_device.size(); ++i) {
    const std::string entry = at(where + ".weightDevice", i);
    const WeightDevice& device = io.weight_device[i];
    TRY(check_numbers(entry, device));
    if (!device.weight && !device.leaf_weight)
      return contradiction(entry, "has neither weight nor leafWeight");
    TRY(check_weight(entry + ".weight", device.weight));
    TRY(check_weight(entry + ".leafWeight", device.leaf_weight));
  }
  const std::pair<const char*, const std::vector<ThrottleDevice>*> throttles[] = {
      {".throttleReadBpsDevice", &io.throttle_read_bps},
      {".throttleWriteBpsDevice", &io.throttle_write_bps},
      {".throttleReadIOPSDevice", &io.throttle_read_iops},
      {".throttleWriteIOPSDevice", &io.throttle_write_iops}};
  for (const auto& [name, devices] : throttles)
    for (std::size_t i = 0; i < devices->size(); ++i)
      TRY(check_numbers(at(where + name, i), (*devices)[i]));
  return {};
}

// "2MB": a number and a unit, as in the names of the control files.
bool is_page_size(std::string_view text) {
  const std::size_t digits = text.find_first_not_of("0123456789");
  if (digits == 0 || digits == std::string_view::npos || text.front() == '0') return false;
  const std::string_view unit = text.substr(digits);
  return unit.size() == 2 && unit[1] == 'B' &&
         std::string_view("KMGTPE").find(unit[0]) != std::string_view::npos;
}

Result<> check_huge_pages(const std::string& where, const std::vector<HugepageLimit>& limits) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const std::string& size = limits[i].page_size;
    if (!is_page_size(size))
      return wrong_text(at(where, i) + ".pageSize", size, "a size such as 64KB, 2MB, 1GB");
    if (!seen.insert(size).second)
      return contradiction(at(where, i) + ".pageSize", "is " + size + " a second time");
  }
  return {};
}

Result<> check_network(const std::string& where, const NetworkClass& network) {
  std::set<std::string_view> seen;
  for (std::size_t i = 0; i < network.priorities.size(); ++i) {
    const std::string name = at(where + ".priorities", i) + ".name";
    TRY(check_interface(name, network.priorities[i].name));
    if (!seen.insert(network.priorities[i].name).second)
      return contradiction(name, "is " + quote(network.priorities[i].name) + " a second time");
  }
  return {};
}

Result<> check_rdma(const std::string& where, const std::map<std::string, Rdma>& devices) {
  for (const auto& [name, limits] : devices) {
    // The kernel reads "NAME hca_handle=N".
    if (name.empty() || name.find_first_of("/= \t\n") != std::string::npos)
      return contradiction(
          where, "has the key " + quote(name.substr(0, 100)) + ", expected the name of a device");
    if (!limits.hca_handles && !limits.hca_objects)
      return contradiction(at(where, name), "has neither hcaHandles nor hcaObjects");
  }
  return {};
}

// A control file of the container's own directory: "memory.high", never "../x", "a/b".
Result<> check_unified(const std::string& where, const std::map<std::string, std::string>& files) {
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
  for (const auto& [file, value] : files) {
    const std::size_t dot = file.find('.');
    if (dot == std::string::npos || dot == 0 || file.find("..") != std::string::npos ||
        file.find_first_not_of(kWord) != std::string::npos)
      return contradiction(where, "has the key " + quote(file.substr(0, 100)) +
                                      ", expected a control file such as memory.high");
  }
  return {};
}

}  // namespace

Result<> validate_resources(const Resources& resources, std::string_view place) {
  const std::string where(place);
  for (std::size_t i = 0; i < resources.devices.size(); ++i)
    TRY(check_device_rule(at(where + ".devices", i), resources.devices[i]));
  if (resources.memory) TRY(check_memory(where + ".memory", *resources.memory));
  if (resources.cpu) TRY(check_cpu(where + ".cpu", *resources.cpu));
  if (resources.pids_limit && *resources.pids_limit < -1)
    return wrong(where + ".pids.limit", *resources.pids_limit, "-1 for unlimited, or a number");
  if (resources.block_io) TRY(check_block_io(where + ".blockIO", *resources.block_io));
  TRY(check_huge_pages(where + ".hugepageLimits", resources.hugepage_limits));
  if (resources.network) TRY(check_network(where + ".network", *resources.network));
  TRY(check_rdma(where + ".rdma", resources.rdma));
  return check_unified(where + ".unified", resources.unified);
}

}  // namespace planet::oci
