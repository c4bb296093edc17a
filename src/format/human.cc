#include "format/human.h"

#include <cstdio>
#include <iterator>

#include "base/strings.h"

namespace planet::format {

std::string size_text(std::uint64_t bytes, int digits) {
  constexpr const char* kUnits[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
  auto size = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; size >= 1000 && unit + 1 < std::size(kUnits); ++unit) size /= 1000;
  char text[48];
  std::snprintf(text, sizeof text, "%.*g%s", digits, size, kUnits[unit]);
  return text;
}

std::string duration_text(std::int64_t seconds) {
  constexpr std::int64_t kHour = 3600;
  constexpr std::int64_t kWeek = 168, kMonth = 720, kYear = 8760;  // in hours
  const std::int64_t hours = (seconds + kHour / 2) / kHour;
  if (seconds < 1) return "Less than a second";
  if (seconds == 1) return "1 second";
  if (seconds < 60) return std::to_string(seconds) + " seconds";
  if (seconds < 120) return "About a minute";
  if (seconds < kHour) return std::to_string(seconds / 60) + " minutes";
  if (hours == 1) return "About an hour";
  if (hours < 48) return std::to_string(hours) + " hours";
  if (hours < 2 * kWeek) return std::to_string(hours / 24) + " days";
  if (hours < 2 * kMonth) return std::to_string(hours / kWeek) + " weeks";
  if (hours < 2 * kYear) return std::to_string(hours / kMonth) + " months";
  return std::to_string(hours / kYear) + " years";
}

std::string terminal_text(std::string_view text, bool lines) {
  std::string out;
  while (!text.empty()) {
    const char first = text[0];
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    const bool kept = first == '\\' || (lines && (first == '\n' || first == '\t'));
    out += kept ? std::string(sequence) : printable(sequence);
    text.remove_prefix(sequence.size());
  }
  return out;
}

}  // namespace planet::format
