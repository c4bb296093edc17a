// planet-runtime events: what a container uses, and that it ran out of memory, in the form that engines read from runc.
#include <cstdio>
#include <memory>

#include "base/strings.h"
#include "cgroup/stats.h"
#include "cli.h"
#include "oci/json.h"
#include "runtime/life.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

using oci::json::array;
using oci::json::object;

object cpu_object(const cgroup::CpuStats& cpu) {
  return {{"usage", object{{"total", cpu.total},
                           {"percpu", array(cpu.per_processor.begin(), cpu.per_processor.end())},
                           {"kernel", cpu.kernel},
                           {"user", cpu.user}}},
          {"throttling", object{{"periods", cpu.periods},
                                {"throttledPeriods", cpu.throttled_periods},
                                {"throttledTime", cpu.throttled}}}};
}

object counter_object(const cgroup::MemoryCounter& counter) {
  return {{"limit", counter.limit},
          {"usage", counter.usage},
          {"max", counter.most},
          {"failcnt", counter.failures}};
}

object memory_object(const cgroup::MemoryStats& memory) {
  object raw;
  for (const auto& [name, value] : memory.raw) raw[name] = value;
  return {{"cache", memory.cache},
          {"usage", counter_object(memory.memory)},
          {"swap", counter_object(memory.swap)},
          {"kernel", counter_object(memory.kernel)},
          {"kernelTCP", counter_object(memory.kernel_tcp)},
          {"raw", std::move(raw)}};
}

array io_array(const std::vector<cgroup::IoEntry>& entries) {
  array out;
  for (const cgroup::IoEntry& entry : entries)
    out.push_back(object{{"major", entry.major},
                         {"minor", entry.minor},
                         {"op", entry.operation},
                         {"value", entry.value}});
  return out;
}

object data_object(const cgroup::Stats& stats) {
  object pids = {{"current", stats.processes}};
  if (stats.most_processes != 0) pids["limit"] = stats.most_processes;
  return {{"cpu", cpu_object(stats.cpu)},
          {"memory", memory_object(stats.memory)},
          {"pids", std::move(pids)},
          {"blkio", object{{"ioServiceBytesRecursive", io_array(stats.io_bytes)},
                           {"ioServicedRecursive", io_array(stats.io_operations)}}},
          {"hugetlb", object()},
          {"intel_rdt", object()},
          {"network_interfaces", nullptr}};
}

void print_event(const runtime::Saved& container, const char* type, object more = {}) {
  more["type"] = type;
  more["id"] = container.id;
  std::puts(oci::to_text(more).c_str());
  std::fflush(stdout);
}

void print_stats(const runtime::Saved& container, const cgroup::Group& group) {
  print_event(container, "stats", {{"data", data_object(cgroup::read_stats(group))}});
}

// "100ms", "5s", "2m", "1h", as milliseconds.
Result<int> parse_interval(const std::string& text) {
  struct Unit {
    std::string_view name;
    int milliseconds;
  };
  constexpr Unit kUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
  constexpr int kMost = 24 * 3'600'000;
  const std::size_t digits = text.find_first_not_of("0123456789");
  const auto number = parse_number<int>(std::string_view(text).substr(0, digits), "--interval");
  for (const Unit& unit : kUnits)
    if (number && digits != std::string::npos && text.substr(digits) == unit.name && *number > 0 &&
        *number <= kMost / unit.milliseconds)
      return *number * unit.milliseconds;
  return fail(Code::kInvalidArgument,
              "--interval " + quote(text) + ": expected a time such as 100ms, 5s, 1m");
}

// Until the container has ended.
void follow(const runtime::Saved& container, const cgroup::Group& group, int interval_ms) {
  constexpr int kLook = 100;  // how soon an end or a want of memory is seen
  std::uint64_t killed = group.oom_kills();
  for (int waited = interval_ms;; waited += kLook) {
    const bool ended = runtime::status_of(container) == oci::Status::kStopped;
    const std::uint64_t now = group.oom_kills();
    for (; killed < now; ++killed) print_event(container, "oom");
    if (ended) return;
    if (waited >= interval_ms) {
      print_stats(container, group);
      waited = 0;
    }
    sys::sleep_ms(std::min(kLook, interval_ms));
  }
}

struct EventsFlags {
  std::string id, interval = "5s";
  bool stats = false;
};

Result<int> events(const Global& global, const EventsFlags& flags) {
  TRY_SET(const int interval, parse_interval(flags.interval));
  TRY_SET(const runtime::Saved container, find(global, flags.id));
  if (runtime::status_of(container) == oci::Status::kStopped)
    return fail(Code::kWrongState, "container " + quote(flags.id) + " is not running");
  TRY_SET(const cgroup::Group group, runtime::open_group(container));
  if (container.spec.linux_.cgroups_path.empty())
    return fail(Code::kUnsupported,
                "container " + quote(flags.id) + " has no control group that would count");
  if (flags.stats)
    print_stats(container, group);
  else
    follow(container, group, interval);
  return 0;
}

}  // namespace

void add_events_command(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<EventsFlags>();
  CLI::App* command =
      app.add_subcommand("events", "what a container uses, line by line, until it ends");
  command->add_flag("--stats", flags->stats, "once");
  command->add_option("--interval", flags->interval, "how often: 100ms, 5s, 1m");
  command->add_option("id", flags->id)->required();
  commands.push_back({command, [flags](const Global& global) { return events(global, *flags); }});
}

}  // namespace planet::cli
