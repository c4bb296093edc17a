#include "cgroup/stats.h"

#include "base/strings.h"

namespace planet::cgroup {
namespace {

constexpr std::uint64_t kMicrosecond = 1000;  // nanoseconds
constexpr std::uint64_t kTick = 10'000'000;   // USER_HZ is 100 on every processor of ours

// Reads files of one group as numbers.
class Files {
 public:
  explicit Files(const Group& group) : group_(group) {}

  std::string text(std::string_view controller, const char* file) const {
    return group_.read(controller, file).value_or("");
  }
  std::uint64_t number(std::string_view controller, const char* file) const {
    const std::string content = text(controller, file);
    if (trim(content) == "max") return kNoLimit;
    return parse_number<std::uint64_t>(trim(content), file).value_or(0);
  }
  std::map<std::string, std::uint64_t> counters(std::string_view controller,
                                                const char* file) const {
    return parse_counters(text(controller, file));
  }

 private:
  const Group& group_;
};

CpuStats cpu_v1(const Files& files) {
  CpuStats cpu;
  cpu.total = files.number("cpuacct", "cpuacct.usage");
  const auto ticks = files.counters("cpuacct", "cpuacct.stat");
  cpu.user = counter(ticks, "user") * kTick;
  cpu.kernel = counter(ticks, "system") * kTick;
  const std::string each = files.text("cpuacct", "cpuacct.usage_percpu");
  for (const std::string_view word : split(trim(each), ' '))
    if (const auto used = parse_number<std::uint64_t>(word, "usage"))
      cpu.per_processor.push_back(*used);
  const auto throttling = files.counters("cpu", "cpu.stat");
  cpu.periods = counter(throttling, "nr_periods");
  cpu.throttled_periods = counter(throttling, "nr_throttled");
  cpu.throttled = counter(throttling, "throttled_time");
  return cpu;
}

CpuStats cpu_v2(const Files& files) {
  const auto all = files.counters("cpu", "cpu.stat");
  return {.total = counter(all, "usage_usec") * kMicrosecond,
          .user = counter(all, "user_usec") * kMicrosecond,
          .kernel = counter(all, "system_usec") * kMicrosecond,
          .per_processor = {},
          .periods = counter(all, "nr_periods"),
          .throttled_periods = counter(all, "nr_throttled"),
          .throttled = counter(all, "throttled_usec") * kMicrosecond};
}

MemoryCounter counter_v1(const Files& files, const std::string& prefix) {
  const auto number = [&](const char* name) {
    return files.number("memory", (prefix + name).c_str());
  };
  return {.limit = number("limit_in_bytes"),
          .usage = number("usage_in_bytes"),
          .most = number("max_usage_in_bytes"),
          .failures = number("failcnt")};
}

MemoryStats memory_v1(const Files& files) {
  MemoryStats memory;
  memory.raw = files.counters("memory", "memory.stat");
  memory.cache = counter(memory.raw, "cache");
  memory.memory = counter_v1(files, "memory.");
  memory.swap = counter_v1(files, "memory.memsw.");
  memory.kernel = counter_v1(files, "memory.kmem.");
  memory.kernel_tcp = counter_v1(files, "memory.kmem.tcp.");
  return memory;
}

MemoryStats memory_v2(const Files& files) {
  MemoryStats memory;
  memory.raw = files.counters("memory", "memory.stat");
  memory.cache = counter(memory.raw, "file");
  const auto events = files.counters("memory", "memory.events");
  memory.memory = {.limit = files.number("memory", "memory.max"),
                   .usage = files.number("memory", "memory.current"),
                   .most = files.number("memory", "memory.peak"),
                   .failures = counter(events, "max")};
  memory.swap = {.limit = files.number("memory", "memory.swap.max"),
                 .usage = files.number("memory", "memory.swap.current"),
                 .most = files.number("memory", "memory.swap.peak"),
                 .failures = 0};
  return memory;
}

// "8:0"
bool parse_device(std::string_view word, IoEntry& entry) {
  const std::size_t colon = word.find(':');
  if (colon == std::string_view::npos) return false;
  const auto major = parse_number<std::uint64_t>(word.substr(0, colon), "major");
  const auto minor = parse_number<std::uint64_t>(word.substr(colon + 1), "minor");
  if (!major || !minor) return false;
  entry.major = *major;
  entry.minor = *minor;
  return true;
}

}  // namespace

std::uint64_t counter(const std::map<std::string, std::uint64_t>& counters, const char* name) {
  const auto found = counters.find(name);
  return found == counters.end() ? 0 : found->second;
}

std::map<std::string, std::uint64_t> parse_counters(std::string_view text) {
  std::map<std::string, std::uint64_t> counters;
  for (const std::string_view line : split(text, '\n')) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) continue;
    if (const auto value = parse_number<std::uint64_t>(line.substr(space + 1), "counter"))
      counters.emplace(line.substr(0, space), *value);
  }
  return counters;
}

std::vector<IoEntry> parse_io_v1(std::string_view text) {
  std::vector<IoEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    IoEntry entry;
    if (words.size() != 3 || !parse_device(words[0], entry)) continue;
    entry.operation = words[1];
    entry.value = parse_number<std::uint64_t>(words[2], "value").value_or(0);
    entries.push_back(std::move(entry));
  }
  return entries;
}

std::vector<IoEntry> parse_io_v2(std::string_view text, std::string_view read_key,
                                 std::string_view write_key) {
  std::vector<IoEntry> entries;
  for (const std::string_view line : split(text, '\n')) {
    const auto words = split(line, ' ');
    IoEntry entry;
    if (!parse_device(words.front(), entry)) continue;
    for (const std::string_view word : words) {
      const std::size_t equals = word.find('=');
      if (equals == std::string_view::npos) continue;
      const std::string_view key = word.substr(0, equals);
      if (key != read_key && key != write_key) continue;
      entry.operation = key == read_key ? "Read" : "Write";
      entry.value = parse_number<std::uint64_t>(word.substr(equals + 1), "value").value_or(0);
      entries.push_back(entry);
    }
  }
  return entries;
}

Stats read_stats(const Group& group) {
  const Files files(group);
  const bool v2 = group.layout() == Layout::kUnified;
  Stats stats;
  stats.cpu = v2 ? cpu_v2(files) : cpu_v1(files);
  stats.memory = v2 ? memory_v2(files) : memory_v1(files);
  stats.processes = files.number("pids", "pids.current");
  const std::uint64_t most = files.number("pids", "pids.max");
  stats.most_processes = most == kNoLimit ? 0 : most;
  if (v2) {
    const std::string io = files.text("io", "io.stat");
    stats.io_bytes = parse_io_v2(io, "rbytes", "wbytes");
    stats.io_operations = parse_io_v2(io, "rios", "wios");
  } else {
    stats.io_bytes = parse_io_v1(files.text("blkio", "blkio.throttle.io_service_bytes_recursive"));
    stats.io_operations = parse_io_v1(files.text("blkio", "blkio.throttle.io_serviced_recursive"));
  }
  return stats;
}

}  // namespace planet::cgroup
