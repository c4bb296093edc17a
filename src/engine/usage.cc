#include "engine/usage.h"

#include <charconv>

#include "base/strings.h"
#include "cgroup/stats.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

// proc_meminfo(5)
std::uint64_t host_memory() {
  constexpr std::uint64_t kKib = 1024;
  const auto text = sys::read_file_at(sys::kCwd, "/proc/meminfo");
  if (!text) return 0;
  constexpr std::string_view kTotal = "MemTotal:";
  const std::size_t at = text->find(kTotal);
  if (at == std::string::npos) return 0;
  const std::string_view rest = trim(std::string_view(*text).substr(at + kTotal.size()));
  return parse_number<std::uint64_t>(rest.substr(0, rest.find(' ')), "MemTotal").value_or(0) * kKib;
}

// "some avg10=1.23 avg60=..."
std::optional<double> pressure(const cgroup::Group& group, const char* controller,
                               const char* file) {
  if (group.layout() != cgroup::Layout::kUnified) return std::nullopt;
  const auto text = group.read(controller, file);
  constexpr std::string_view kStart = "some avg10=";
  if (!text || !text->starts_with(kStart)) return std::nullopt;
  double value = 0;
  const char* begin = text->data() + kStart.size();
  const auto [end, error] = std::from_chars(begin, text->data() + text->size(), value);
  return error == std::errc() ? std::optional(value) : std::nullopt;
}

// As docker counts: the cache of files that nobody has used for a while is no use of memory.
std::uint64_t used_memory(const cgroup::MemoryStats& memory) {
  for (const char* name : {"total_inactive_file", "inactive_file"})
    if (const std::uint64_t cache = cgroup::counter(memory.raw, name);
        cache != 0 && cache < memory.memory.usage)
      return memory.memory.usage - cache;
  return memory.memory.usage;
}

}  // namespace

Result<Usage> usage_of(const Container& container) {
  TRY(open_init(container));
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(const cgroup::Group group, cgroup::Group::open(host, container.state->cgroup));
  const cgroup::Stats stats = cgroup::read_stats(group);
  Usage usage;
  usage.taken = sys::monotonic_ns();
  usage.cpu = stats.cpu.total;
  usage.memory = used_memory(stats.memory);
  const std::uint64_t all = host_memory();
  const std::uint64_t limit = stats.memory.memory.limit;
  usage.memory_limit = limit == 0 || limit > all ? all : limit;
  usage.processes = stats.processes;
  for (const cgroup::IoEntry& entry : stats.io_bytes) {
    if (entry.operation == "Read") usage.read += entry.value;
    if (entry.operation == "Write") usage.written += entry.value;
  }
  usage.cpu_pressure = pressure(group, "cpu", "cpu.pressure");
  usage.memory_pressure = pressure(group, "memory", "memory.pressure");
  usage.io_pressure = pressure(group, "io", "io.pressure");
  return usage;
}

double cpu_percent(const Usage& before, const Usage& now) {
  constexpr double kPercent = 100;
  const auto passed = static_cast<double>(now.taken - before.taken);
  if (passed <= 0 || now.cpu < before.cpu) return 0;
  return static_cast<double>(now.cpu - before.cpu) / passed * kPercent;
}

double memory_percent(const Usage& usage) {
  constexpr double kPercent = 100;
  if (usage.memory_limit == 0) return 0;
  return static_cast<double>(usage.memory) / static_cast<double>(usage.memory_limit) * kPercent;
}

}  // namespace planet::engine
