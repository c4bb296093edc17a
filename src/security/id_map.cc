#include "security/id_map.h"

#include <algorithm>

#include "base/strings.h"

namespace planet::security {
namespace {

// (uid_t)-1 means "no id" in every system call that takes one.
constexpr std::uint64_t kIdsEnd = 0xffff'ffffULL;

bool overlap(std::uint64_t a, std::uint64_t b, std::uint64_t a_size, std::uint64_t b_size) {
  return a < b + b_size && b < a + a_size;
}

std::string entry(std::string_view field, std::size_t index) {
  return std::string(field) + "[" + std::to_string(index) + "]";
}

Result<> check_entry(const oci::IdMapping& map, const std::string& name) {
  if (map.size == 0) return fail(Code::kInvalidArgument, name + ": size is 0");
  if (std::uint64_t{map.container_id} + map.size > kIdsEnd ||
      std::uint64_t{map.host_id} + map.size > kIdsEnd)
    return fail(Code::kInvalidArgument, name + ": goes past the largest id, 4294967294");
  return {};
}

}  // namespace

Result<> check_id_map(const std::vector<oci::IdMapping>& map, std::string_view field) {
  if (map.empty()) return fail(Code::kInvalidArgument, std::string(field) + " is empty");
  if (map.size() > kMostMappings)
    return fail(Code::kInvalidArgument, std::string(field) + " has " + std::to_string(map.size()) +
                                            " entries; the kernel takes " +
                                            std::to_string(kMostMappings));
  for (std::size_t i = 0; i < map.size(); ++i) {
    TRY(check_entry(map[i], entry(field, i)));
    for (std::size_t j = 0; j < i; ++j)
      if (overlap(map[i].container_id, map[j].container_id, map[i].size, map[j].size) ||
          overlap(map[i].host_id, map[j].host_id, map[i].size, map[j].size))
        return fail(Code::kInvalidArgument, entry(field, i) + " overlaps " + entry(field, j));
  }
  return {};
}

std::string id_map_text(const std::vector<oci::IdMapping>& map) {
  std::string text;
  for (const oci::IdMapping& entry : map)
    text += std::to_string(entry.container_id) + " " + std::to_string(entry.host_id) + " " +
            std::to_string(entry.size) + "\n";
  return text;
}

Result<std::vector<oci::IdMapping>> parse_id_map(std::string_view text) {
  std::vector<oci::IdMapping> map;
  for (const std::string_view line : split(trim(text), '\n')) {
    std::vector<std::uint32_t> numbers;
    for (const std::string_view word : split(line, ' ')) {
      if (word.empty()) continue;
      TRY_SET(const auto number, parse_number<std::uint32_t>(word, "id"));
      numbers.push_back(number);
    }
    if (numbers.size() != 3) return fail(Code::kCorrupt, "not a line of an id map: " + quote(line));
    map.push_back({.container_id = numbers[0], .host_id = numbers[1], .size = numbers[2]});
  }
  return map;
}

std::optional<std::uint32_t> to_host(const std::vector<oci::IdMapping>& map, std::uint32_t id) {
  for (const oci::IdMapping& entry : map)
    if (id >= entry.container_id && id - entry.container_id < entry.size)
      return entry.host_id + (id - entry.container_id);
  return std::nullopt;
}

}  // namespace planet::security
