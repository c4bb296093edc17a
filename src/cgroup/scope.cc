#include "cgroup/scope.h"

#include <algorithm>
#include <limits>
#include <optional>

#include "base/strings.h"
#include "cgroup/resources.h"

namespace planet::cgroup {
namespace {

constexpr std::uint64_t kInfinity = std::numeric_limits<std::uint64_t>::max();
constexpr std::string_view kSlice = ".slice";
constexpr std::uint64_t kSecond = 1'000'000;  // microseconds, as systemd counts

// systemd.unit(5): what the name of a unit may consist of.
bool is_unit_name(std::string_view name) {
  constexpr std::size_t kLongest = 255;
  return !name.empty() && name.size() <= kLongest && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view(":-_.\\@").find(c) != std::string_view::npos;
  });
}

std::uint64_t or_infinity(std::int64_t value) {
  return value < 0 ? kInfinity : static_cast<std::uint64_t>(value);
}

// "0-2,5" as a set of bits, lowest first.
Result<std::vector<std::uint8_t>> bits_of(const std::string& list) {
  TRY_SET(const std::vector<unsigned> numbers, parse_number_list(list));
  std::vector<std::uint8_t> bits;
  for (const unsigned bit : numbers) {
    if (bits.size() <= bit / 8) bits.resize(bit / 8 + 1);
    bits[bit / 8] = static_cast<std::uint8_t>(bits[bit / 8] | 1U << (bit % 8));
  }
  return bits;
}

void add_memory(Layout layout, const oci::Memory& memory, std::vector<Property>& out) {
  const bool v2 = layout == Layout::kUnified;
  if (memory.limit) out.push_back({v2 ? "MemoryMax" : "MemoryLimit", or_infinity(*memory.limit)});
  if (!v2) return;
  if (memory.reservation) out.push_back({"MemoryLow", or_infinity(*memory.reservation)});
  if (!memory.swap) return;
  const bool alone = *memory.swap >= 0 && memory.limit && *memory.limit >= 0;
  out.push_back(
      {"MemorySwapMax", or_infinity(alone ? *memory.swap - *memory.limit : *memory.swap)});
}

Result<> add_cpu(Layout layout, const oci::Cpu& cpu, std::vector<Property>& out) {
  const bool v2 = layout == Layout::kUnified;
  if (cpu.shares) {
    if (v2)
      out.push_back({"CPUWeight", std::uint64_t{weight_of_shares(*cpu.shares)}});
    else
      out.push_back({"CPUShares", std::uint64_t{*cpu.shares}});
  }
  if (cpu.period) out.push_back({"CPUQuotaPeriodUSec", std::uint64_t{*cpu.period}});
  if (cpu.quota) {
    // systemd counts in hundredths of a processor, rounded up as runc does.
    std::uint64_t per_second = kInfinity;
    constexpr std::int64_t kMostQuota = std::numeric_limits<std::int64_t>::max() / kSecond;
    if (*cpu.quota > 0 && *cpu.quota < kMostQuota) {
      per_second = static_cast<std::uint64_t>(*cpu.quota) * kSecond / cpu.period.value_or(100'000);
      constexpr std::uint64_t kStep = 10'000;
      per_second = (per_second + kStep - 1) / kStep * kStep;
    }
    out.push_back({"CPUQuotaPerSecUSec", per_second});
  }
  if (!v2) return {};
  if (!cpu.cpus.empty()) {
    TRY_SET(std::vector<std::uint8_t> bits, bits_of(cpu.cpus));
    out.push_back({"AllowedCPUs", std::move(bits)});
  }
  if (!cpu.mems.empty()) {
    TRY_SET(std::vector<std::uint8_t> bits, bits_of(cpu.mems));
    out.push_back({"AllowedMemoryNodes", std::move(bits)});
  }
  return {};
}

Result<Value> value_of(std::string_view text) {
  if (text == "true" || text == "false") return Value(text == "true");
  if (text.size() >= 2 && (text.front() == '\'' || text.front() == '"') &&
      text.back() == text.front())
    return Value(std::string(text.substr(1, text.size() - 2)));
  const auto typed = [&](std::string_view type) {
    const bool is = text.starts_with(type);
    if (is) text = trim(text.substr(type.size()));
    return is;
  };
  if (typed("uint64 ")) {
    TRY_SET(const std::uint64_t number, parse_number<std::uint64_t>(text, "value"));
    return Value(number);
  }
  if (typed("uint32 ")) {
    TRY_SET(const std::uint32_t number, parse_number<std::uint32_t>(text, "value"));
    return Value(number);
  }
  (void)typed("int32 ");
  TRY_SET(const std::int32_t number, parse_number<std::int32_t>(text, "value"));
  return Value(number);
}

// "TimeoutStopSec" is what people write, "TimeoutStopUSec" what systemd has.
Property in_microseconds(Property property) {
  constexpr std::string_view kSec = "Sec";
  if (!property.name.ends_with(kSec) || property.name.ends_with("USec")) return property;
  std::optional<std::uint64_t> seconds;
  if (const auto* number = std::get_if<std::int32_t>(&property.value); number && *number >= 0)
    seconds = static_cast<std::uint64_t>(*number);
  if (const auto* number = std::get_if<std::uint32_t>(&property.value)) seconds = *number;
  if (const auto* number = std::get_if<std::uint64_t>(&property.value)) seconds = *number;
  if (!seconds) return property;
  const std::string stem = property.name.substr(0, property.name.size() - kSec.size());
  const bool endless = *seconds > kInfinity / kSecond;
  return {.name = stem + "USec", .value = endless ? kInfinity : *seconds * kSecond};
}

}  // namespace

Result<Scope> parse_scope(std::string_view cgroups_path, std::string_view id,
                          const std::string& usual_slice) {
  if (cgroups_path.empty())
    return Scope{.slice = usual_slice, .unit = "planet-" + std::string(id) + ".scope"};
  const auto parts = split(cgroups_path, ':');
  if (parts.size() != 3 || parts[2].empty())
    return fail(Code::kInvalidArgument,
                "linux.cgroupsPath " + quote(cgroups_path) +
                    " is not of the form SLICE:PREFIX:NAME, which systemd's groups want");
  Scope scope{.slice = parts[0].empty() ? usual_slice : std::string(parts[0]), .unit = {}};
  const std::string name(parts[2]);
  const bool is_slice = name.ends_with(kSlice);
  scope.unit =
      is_slice ? name : std::string(parts[1]) + (parts[1].empty() ? "" : "-") + name + ".scope";
  TRY(slice_path(scope.slice), "linux.cgroupsPath");
  if (!is_unit_name(scope.unit))
    return fail(Code::kInvalidArgument,
                "linux.cgroupsPath: " + quote(scope.unit) + " is no name of a unit");
  return scope;
}

Result<std::string> slice_path(std::string_view slice) {
  const auto invalid = [&] {
    return fail(Code::kInvalidArgument, quote(slice) + " is no name of a slice");
  };
  if (slice == "-.slice") return std::string();
  if (!slice.ends_with(kSlice) || !is_unit_name(slice)) return invalid();
  std::string path;
  std::string prefix;
  for (const std::string_view part : split(slice.substr(0, slice.size() - kSlice.size()), '-')) {
    if (part.empty()) return invalid();
    prefix += (prefix.empty() ? "" : "-") + std::string(part);
    path += "/" + prefix + std::string(kSlice);
  }
  return path;
}

Result<std::vector<Property>> limits_of(Layout layout, const oci::Resources& given) {
  const oci::Resources resources = without_zeros(given);
  std::vector<Property> out;
  if (resources.memory) add_memory(layout, *resources.memory, out);
  if (resources.cpu) TRY(add_cpu(layout, *resources.cpu, out));
  // 0 and below mean no limit: config-linux.md#pids.
  if (const auto limit = resources.pids_limit)
    out.push_back({"TasksMax", *limit > 0 ? static_cast<std::uint64_t>(*limit) : kInfinity});
  return out;
}

Result<std::vector<Property>> annotated(const std::map<std::string, std::string>& annotations) {
  constexpr std::string_view kPrefix = "org.systemd.property.";
  std::vector<Property> out;
  for (const auto& [key, text] : annotations) {
    if (!key.starts_with(kPrefix)) continue;
    auto value = value_of(trim(text));
    if (!value)
      return fail(Code::kInvalidArgument,
                  "annotation " + key + ": " + quote(text) +
                      " is not true, false, a number, uint64 NUMBER or 'text'");
    out.push_back(
        in_microseconds({.name = key.substr(kPrefix.size()), .value = *std::move(value)}));
  }
  return out;
}

}  // namespace planet::cgroup
