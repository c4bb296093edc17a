#include "security/id_map.h"

#include "base/strings.h"

namespace planet::security {

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
