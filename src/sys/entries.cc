#include "sys/entries.h"

#include <dirent.h>

#include <array>
#include <cerrno>
#include <span>
#include <string_view>
#include <utility>

namespace planet::sys {
namespace {

void append(std::span<const char> bytes, std::vector<Entry>& entries) {
  while (!bytes.empty()) {
    const auto* const entry = reinterpret_cast<const dirent64*>(bytes.data());
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..")
      entries.push_back({.name = std::string(name), .directory = entry->d_type == DT_DIR});
    bytes = bytes.subspan(entry->d_reclen);
  }
}

}  // namespace

Result<std::vector<Entry>> read_entries(BorrowedFd dir) {
  // A hundred of them; the kernel aligns each as this is.
  alignas(dirent64) std::array<char, 8192> buffer{};
  std::vector<Entry> entries;
  while (true) {
    const ssize_t n = ::getdents64(dir.get(), buffer.data(), buffer.size());
    // The kernel says ENOENT of a directory that has been removed since it was opened: nothing is in it.
    if (n == 0 || (n < 0 && errno == ENOENT)) return entries;
    if (n < 0) return std::unexpected(Error::from_errno(errno, "getdents64"));
    append(std::span(buffer).first(static_cast<std::size_t>(n)), entries);
  }
}

Result<std::vector<std::string>> read_names(BorrowedFd dir) {
  TRY_SET(std::vector<Entry> entries, read_entries(dir));
  std::vector<std::string> names;
  names.reserve(entries.size());
  for (Entry& entry : entries) names.push_back(std::move(entry.name));
  return names;
}

}  // namespace planet::sys
