#include "cgroup/resources.h"

#include <algorithm>
#include <cmath>

#include "base/strings.h"

namespace planet::cgroup {
namespace {

constexpr std::int64_t kUnlimited = -1;

// Collects writes of one controller.
class Writes {
 public:
  explicit Writes(std::vector<Write>& out, std::string controller)
      : out_(out), controller_(std::move(controller)) {}
  void add(std::string file, std::string value, std::string what) {
    out_.push_back({.controller = controller_,
                    .file = std::move(file),
                    .value = std::move(value),
                    .what = std::move(what)});
  }

 private:
  std::vector<Write>& out_;
  std::string controller_;
};

std::string bytes(const char* what, std::int64_t value) {
  return std::string(what) + " " +
         (value == kUnlimited ? "unlimited" : std::to_string(value) + " bytes");
}

std::string number_or_max(std::int64_t value) {
  return value == kUnlimited ? "max" : std::to_string(value);
}

Result<> check_memory(const oci::Memory& memory) {
  const std::pair<const char*, std::optional<std::int64_t>> fields[] = {
      {"limit", memory.limit}, {"reservation", memory.reservation}, {"swap", memory.swap}};
  for (const auto& [name, value] : fields)
    if (value && *value < kUnlimited)
      return fail(Code::kInvalidArgument,
                  std::string("memory ") + name + " is " + std::to_string(*value) + ", below -1");
  if (!memory.swap || *memory.swap == kUnlimited) return {};
  if (!memory.limit || *memory.limit == kUnlimited)
    return fail(Code::kInvalidArgument, "memory swap is set without a memory limit");
  if (*memory.swap < *memory.limit)
    return fail(Code::kInvalidArgument,
                "memory swap, which counts memory and swap together, is below the memory limit");
  return {};
}

Result<> plan_memory_v1(const oci::Memory& memory, std::vector<Write>& out) {
  TRY(check_memory(memory));
  Writes writes(out, "memory");
  const auto limit = [&](const char* file, const char* what, std::optional<std::int64_t> value) {
    if (value) writes.add(file, std::to_string(*value), bytes(what, *value));
  };
  // memory.memsw never below memory.limit: a new group is unlimited in both, so the limit goes first.
  limit("memory.limit_in_bytes", "memory limit", memory.limit);
  limit("memory.memsw.limit_in_bytes", "memory and swap limit", memory.swap);
  limit("memory.soft_limit_in_bytes", "memory reservation", memory.reservation);
  limit("memory.kmem.limit_in_bytes", "kernel memory limit", memory.kernel);
  limit("memory.kmem.tcp.limit_in_bytes", "kernel TCP memory limit", memory.kernel_tcp);
  if (memory.swappiness)
    writes.add("memory.swappiness", std::to_string(*memory.swappiness), "swappiness");
  if (memory.use_hierarchy.value_or(false))
    writes.add("memory.use_hierarchy", "1", "memory hierarchy");
  if (memory.disable_oom_killer.value_or(false))
    writes.add("memory.oom_control", "1", "disabled OOM killer");
  return {};
}

Result<> plan_memory_v2(const oci::Memory& memory, std::vector<Write>& out) {
  TRY(check_memory(memory));
  if (memory.kernel || memory.kernel_tcp || memory.swappiness ||
      memory.disable_oom_killer.value_or(false))
    return fail(Code::kUnsupported,
                "kernel memory limits, swappiness and a disabled OOM killer exist on cgroup v1 "
                "only, and this host has v2; leave them out");
  Writes writes(out, "memory");
  // memory.max last: lowering it can start reclaim or an OOM kill, so room for swap comes first.
  if (memory.swap) {
    // The spec's number is v1's, memory and swap together; v2 counts swap alone.
    const std::int64_t alone =
        *memory.swap == kUnlimited ? kUnlimited : *memory.swap - *memory.limit;
    writes.add("memory.swap.max", number_or_max(alone), bytes("swap limit", alone));
  }
  if (memory.reservation)
    writes.add("memory.low", number_or_max(*memory.reservation),
               bytes("memory reservation", *memory.reservation));
  if (memory.limit)
    writes.add("memory.max", number_or_max(*memory.limit), bytes("memory limit", *memory.limit));
  return {};
}

void plan_cpuset(const oci::Cpu& cpu, std::vector<Write>& out) {
  Writes writes(out, "cpuset");
  if (!cpu.cpus.empty()) writes.add("cpuset.cpus", cpu.cpus, "processors " + quote(cpu.cpus));
  if (!cpu.mems.empty()) writes.add("cpuset.mems", cpu.mems, "memory nodes " + quote(cpu.mems));
}

std::string quota_text(const oci::Cpu& cpu) {
  return "CPU quota " + std::to_string(*cpu.quota) + " of " +
         std::to_string(cpu.period.value_or(100000)) + " microseconds";
}

void plan_cpu_v1(const oci::Cpu& cpu, std::vector<Write>& out) {
  Writes writes(out, "cpu");
  if (cpu.shares) writes.add("cpu.shares", std::to_string(*cpu.shares), "CPU shares");
  // The period first: a quota may be too small for the old one.
  if (cpu.period) writes.add("cpu.cfs_period_us", std::to_string(*cpu.period), "CPU period");
  if (cpu.quota) writes.add("cpu.cfs_quota_us", std::to_string(*cpu.quota), quota_text(cpu));
  if (cpu.burst) writes.add("cpu.cfs_burst_us", std::to_string(*cpu.burst), "CPU burst");
  if (cpu.realtime_period)
    writes.add("cpu.rt_period_us", std::to_string(*cpu.realtime_period), "real-time period");
  if (cpu.realtime_runtime)
    writes.add("cpu.rt_runtime_us", std::to_string(*cpu.realtime_runtime), "real-time runtime");
  if (cpu.idle) writes.add("cpu.idle", std::to_string(*cpu.idle), "idle policy");
  plan_cpuset(cpu, out);
}

Result<> plan_cpu_v2(const oci::Cpu& cpu, std::vector<Write>& out) {
  if (cpu.realtime_period || cpu.realtime_runtime)
    return fail(
        Code::kUnsupported,
        "real-time CPU limits exist on cgroup v1 only, and this host has v2; leave them out");
  Writes writes(out, "cpu");
  if (cpu.idle) writes.add("cpu.idle", std::to_string(*cpu.idle), "idle policy");
  if (cpu.shares && *cpu.shares != 0)
    writes.add("cpu.weight", std::to_string(weight_of_shares(*cpu.shares)), "CPU shares");
  if (cpu.quota || cpu.period) {
    const std::string quota = cpu.quota && *cpu.quota > 0 ? std::to_string(*cpu.quota) : "max";
    const std::string period = cpu.period ? " " + std::to_string(*cpu.period) : "";
    writes.add("cpu.max", quota + period, cpu.quota ? quota_text(cpu) : "CPU period");
  }
  if (cpu.burst) writes.add("cpu.max.burst", std::to_string(*cpu.burst), "CPU burst");
  plan_cpuset(cpu, out);
  return {};
}

std::string device_number(std::int64_t major, std::int64_t minor) {
  return std::to_string(major) + ":" + std::to_string(minor);
}

struct Throttle {
  const std::vector<oci::ThrottleDevice>& devices;
  const char* v1_file;
  const char* v2_key;
  const char* what;
};

std::vector<Throttle> throttles(const oci::BlockIo& io) {
  return {
      {io.throttle_read_bps, "blkio.throttle.read_bps_device", "rbps", "device read rate"},
      {io.throttle_write_bps, "blkio.throttle.write_bps_device", "wbps", "device write rate"},
      {io.throttle_read_iops, "blkio.throttle.read_iops_device", "riops", "device read operations"},
      {io.throttle_write_iops, "blkio.throttle.write_iops_device", "wiops",
       "device write operations"}};
}

void plan_io_v1(const oci::BlockIo& io, std::vector<Write>& out) {
  Writes writes(out, "blkio");
  if (io.weight)
    writes.add("blkio.bfq.weight", std::to_string(*io.weight),
               "block I/O weight (which needs the BFQ scheduler)");
  for (const oci::WeightDevice& device : io.weight_device)
    if (device.weight)
      writes.add("blkio.bfq.weight_device",
                 device_number(device.major, device.minor) + " " + std::to_string(*device.weight),
                 "block I/O weight of a device (which needs the BFQ scheduler)");
  for (const Throttle& throttle : throttles(io))
    for (const oci::ThrottleDevice& device : throttle.devices)
      writes.add(throttle.v1_file,
                 device_number(device.major, device.minor) + " " + std::to_string(device.rate),
                 throttle.what);
}

void plan_io_v2(const oci::BlockIo& io, std::vector<Write>& out) {
  Writes writes(out, "io");
  if (io.weight)
    writes.add("io.bfq.weight", std::to_string(*io.weight),
               "block I/O weight (which needs the BFQ scheduler)");
  for (const oci::WeightDevice& device : io.weight_device)
    if (device.weight)
      writes.add("io.bfq.weight",
                 device_number(device.major, device.minor) + " " + std::to_string(*device.weight),
                 "block I/O weight of a device (which needs the BFQ scheduler)");
  for (const Throttle& throttle : throttles(io))
    for (const oci::ThrottleDevice& device : throttle.devices)
      writes.add("io.max",
                 device_number(device.major, device.minor) + " " + throttle.v2_key + "=" +
                     std::to_string(device.rate),
                 throttle.what);
}

// The same file in both versions.
void plan_rdma(const oci::Resources& resources, std::vector<Write>& out) {
  for (const auto& [device, limits] : resources.rdma) {
    std::string text = device;
    if (limits.hca_handles) text += " hca_handle=" + std::to_string(*limits.hca_handles);
    if (limits.hca_objects) text += " hca_object=" + std::to_string(*limits.hca_objects);
    Writes(out, "rdma").add("rdma.max", text, "RDMA limits of " + quote(device));
  }
}

void plan_common(const oci::Resources& resources, bool v2, std::vector<Write>& out) {
  // 0 and below mean no limit: config-linux.md#pids.
  if (resources.pids_limit)
    Writes(out, "pids")
        .add("pids.max", *resources.pids_limit > 0 ? std::to_string(*resources.pids_limit) : "max",
             "process limit " + std::to_string(*resources.pids_limit));
  for (const oci::HugepageLimit& limit : resources.hugepage_limits)
    Writes(out, "hugetlb")
        .add("hugetlb." + limit.page_size + (v2 ? ".max" : ".limit_in_bytes"),
             std::to_string(limit.limit), "huge page limit");
  plan_rdma(resources, out);
}

bool says_all(const oci::DeviceRule& rule) {
  const auto has = [&](char access) { return rule.access.find(access) != std::string::npos; };
  return rule.major.value_or(-1) < 0 && rule.minor.value_or(-1) < 0 && has('r') && has('w') &&
         has('m');
}

// The kernel takes "a" for everything, whatever follows it: a rule for all types that says less is one for each.
std::vector<oci::DeviceRule> kernel_rules(const oci::DeviceRule& rule) {
  if (rule.type != "a" || says_all(rule)) return {rule};
  std::vector<oci::DeviceRule> rules = {rule, rule};
  rules[0].type = "c";
  rules[1].type = "b";
  return rules;
}

Result<> plan_devices_v1(const oci::Resources& resources, std::vector<Write>& out) {
  Writes writes(out, "devices");
  for (const oci::DeviceRule& of_spec : resources.devices)
    for (const oci::DeviceRule& rule : kernel_rules(of_spec)) {
      TRY_SET(const std::string text, device_rule_text(rule));
      writes.add(rule.allow ? "devices.allow" : "devices.deny", text,
                 std::string("device rule ") + (rule.allow ? "allow " : "deny ") + text);
    }
  return {};
}

// Those of CFQ, an I/O scheduler that went with Linux 5.0.
Result<> check_leaf_weights(const oci::Resources& resources) {
  if (!resources.block_io) return {};
  const bool any =
      resources.block_io->leaf_weight ||
      std::ranges::any_of(resources.block_io->weight_device, [](const oci::WeightDevice& device) {
        return device.leaf_weight.has_value();
      });
  if (!any) return {};
  return fail(Code::kUnsupported,
              "resources.blockIO: leafWeight is of an I/O scheduler that no kernel since 5.0 has; "
              "leave it out, or set weight");
}

void plan_network_v1(const oci::NetworkClass& network, std::vector<Write>& out) {
  if (network.class_id)
    Writes(out, "net_cls")
        .add("net_cls.classid", std::to_string(*network.class_id), "network class");
  for (const oci::InterfacePriority& interface : network.priorities)
    Writes(out, "net_prio")
        .add("net_prio.ifpriomap", interface.name + " " + std::to_string(interface.priority),
             "network priority of " + quote(interface.name));
}

Result<> check_network_v2(const oci::Resources& resources) {
  if (!resources.network || *resources.network == oci::NetworkClass{}) return {};
  return fail(Code::kUnsupported,
              "resources.network: network classes and priorities exist on cgroup v1 only, and this "
              "host has v2; leave them out, and match cgroups in the firewall");
}

}  // namespace

oci::Resources without_zeros(oci::Resources resources) {
  const auto leave = [](auto&... numbers) {
    ((numbers = numbers == 0 ? std::nullopt : numbers), ...);
  };
  if (oci::Memory* memory = resources.memory ? &*resources.memory : nullptr)
    leave(memory->limit, memory->reservation, memory->swap, memory->kernel, memory->kernel_tcp);
  if (oci::Cpu* cpu = resources.cpu ? &*resources.cpu : nullptr)
    leave(cpu->shares, cpu->quota, cpu->period, cpu->realtime_runtime, cpu->realtime_period);
  if (oci::BlockIo* io = resources.block_io ? &*resources.block_io : nullptr) {
    leave(io->weight, io->leaf_weight);
    for (oci::WeightDevice& device : io->weight_device) leave(device.weight, device.leaf_weight);
  }
  return resources;
}

std::uint64_t weight_of_shares(std::uint64_t shares) {
  // The curve that systemd, crun and runc agreed on in 2025: 10^((l^2 + 125 l) / 612 - 7/34), l = log2(shares).
  if (shares <= 2) return 1;
  if (shares >= 262144) return 10000;
  const double l = std::log2(static_cast<double>(shares));
  const double exponent = (l * l + 125.0 * l) / 612.0 - 7.0 / 34.0;
  return static_cast<std::uint64_t>(std::ceil(std::pow(10.0, exponent)));
}

std::vector<oci::DeviceRule> default_device_rules() {
  std::vector<oci::DeviceRule> rules = {{.allow = false, .type = "a", .access = "rwm"},
                                        {.allow = true, .type = "c", .access = "m"},
                                        {.allow = true, .type = "b", .access = "m"}};
  constexpr std::pair<int, int> kUsable[] = {{1, 3}, {1, 5}, {1, 7}, {1, 8},
                                             {1, 9}, {5, 0}, {5, 1}, {5, 2}};
  for (const auto& [major, minor] : kUsable)
    rules.push_back({.allow = true, .type = "c", .major = major, .minor = minor, .access = "rwm"});
  rules.push_back({.allow = true, .type = "c", .major = 136, .access = "rwm"});  // pts/*
  return rules;
}

Result<std::string> device_rule_text(const oci::DeviceRule& rule) {
  if (rule.type != "a" && rule.type != "b" && rule.type != "c")
    return fail(Code::kInvalidArgument,
                "device rule type " + quote(rule.type) + " is not one of a, b, c");
  if (rule.access.empty() || rule.access.find_first_not_of("rwm") != std::string::npos)
    return fail(Code::kInvalidArgument,
                "device rule access " + quote(rule.access) + " is not made of r, w, m");
  const auto part = [](const std::optional<std::int64_t>& number) {
    return number && *number >= 0 ? std::to_string(*number) : std::string("*");
  };
  if (rule.type == "a") return std::string("a");
  return rule.type + " " + part(rule.major) + ":" + part(rule.minor) + " " + rule.access;
}

Result<std::vector<Write>> plan_v1(const oci::Resources& given) {
  const oci::Resources resources = without_zeros(given);
  TRY(check_leaf_weights(resources));
  if (!resources.unified.empty())
    return fail(Code::kUnsupported,
                "\"unified\" resources need cgroup v2, and this host has v1; leave them out");
  std::vector<Write> out;
  TRY(plan_devices_v1(resources, out));
  if (resources.memory) TRY(plan_memory_v1(*resources.memory, out));
  if (resources.cpu) plan_cpu_v1(*resources.cpu, out);
  if (resources.block_io) plan_io_v1(*resources.block_io, out);
  if (resources.network) plan_network_v1(*resources.network, out);
  plan_common(resources, false, out);
  return out;
}

Result<std::vector<Write>> plan_v2(const oci::Resources& given) {
  const oci::Resources resources = without_zeros(given);
  TRY(check_leaf_weights(resources));
  TRY(check_network_v2(resources));
  std::vector<Write> out;
  if (resources.memory) TRY(plan_memory_v2(*resources.memory, out));
  if (resources.cpu) TRY(plan_cpu_v2(*resources.cpu, out));
  if (resources.block_io) plan_io_v2(*resources.block_io, out);
  plan_common(resources, true, out);
  for (const auto& [file, value] : resources.unified) {
    if (file.find('/') != std::string::npos || file.find('.') == std::string::npos)
      return fail(Code::kInvalidArgument, "unified: " + quote(file) + " is not a control file");
    std::string what = file;
    what.append("=").append(value);
    out.push_back({.controller = file.substr(0, file.find('.')),
                   .file = file,
                   .value = value,
                   .what = std::move(what)});
  }
  return out;
}

}  // namespace planet::cgroup
