#include "sys/entries.h"

#include <dirent.h>

#include <array>
#include <cerrno>
#include <span>
#include <string_view>

namespace planet::sys {
namespace {

void append_names(std::span<const char> entries, std::vector<std::string>& names) {
  while (!entries.empty()) {
    const auto* const entry = reinterpret_cast<const dirent64*>(entries.data());
    const std::string_view name = entry->d_name;
    if (name != "." && name != "..") names.emplace_back(name);
    entries = entries.subspan(entry->d_reclen);
  }
}

}  // namespace

Result<std::vector<std::string>> read_names(BorrowedFd dir) {
  // Some dozens of them; the kernel aligns each as this is.
  alignas(dirent64) std::array<char, 4096> buffer{};
  std::vector<std::string> names;
  while (true) {
    const ssize_t n = ::getdents64(dir.get(), buffer.data(), buffer.size());
    if (n < 0) return std::unexpected(Error::from_errno(errno, "getdents64"));
    if (n == 0) return names;
    append_names(std::span(buffer).first(static_cast<std::size_t>(n)), names);
  }
}

}  // namespace planet::sys
