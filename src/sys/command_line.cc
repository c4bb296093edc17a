#include "sys/command_line.h"

#include <algorithm>
#include <cstdint>
#include <string>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::sys {

void write_command_line(std::span<char> area, std::string_view text) {
  std::ranges::fill(area, '\0');
  if (area.empty()) return;
  const std::string_view shown = text.substr(0, area.size() - 1);
  std::ranges::copy(shown, area.begin());
  // Where the last byte is not NUL, the kernel shows the text up to the first NUL, and not the zeros after it; but that
  // one must stand before: it would read on in the environment.
  if (shown.size() + 1 < area.size()) area.back() = ' ';
}

// prctl(PR_SET_MM) would do it with CAP_SYS_RESOURCE; overwriting needs no right.
Result<> set_command_line(std::string_view text) {
  TRY_SET(const std::string stat, read_file_at(kCwd, "/proc/self/stat"));
  // Fields are counted from the end of the name in field 2, which may hold anything.
  constexpr std::size_t kArgStart = 48 - 3;
  constexpr std::size_t kArgEnd = 49 - 3;
  const std::size_t end = stat.rfind(')');
  const auto fields = split(std::string_view(stat).substr(end + 2), ' ');
  if (fields.size() <= kArgEnd) return fail(Code::kUnsupported, "/proc/self/stat has no arg_start");
  TRY_SET(const auto first, parse_number<std::uintptr_t>(fields[kArgStart], "arg_start"));
  TRY_SET(const auto last, parse_number<std::uintptr_t>(fields[kArgEnd], "arg_end"));
  if (first == 0 || last < first)
    return fail(Code::kUnsupported, "/proc/self/stat does not say where the arguments are");
  // NOLINTNEXTLINE(performance-no-int-to-ptr): the kernel tells the address as a number
  write_command_line({reinterpret_cast<char*>(first), last - first}, text);
  return {};
}

}  // namespace planet::sys
