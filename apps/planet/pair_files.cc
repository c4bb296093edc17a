#include "pair_files.h"

#include <cstdlib>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::cli {
namespace {

void add_entry(std::string_view entry, std::vector<std::string>& env) {
  if (entry.find('=') != std::string_view::npos) {
    env.emplace_back(entry);
  } else if (const char* value = std::getenv(std::string(entry).c_str())) {
    env.push_back(std::string(entry) + "=" + value);
  }
}

}  // namespace

Result<std::vector<std::string>> read_pairs(const char* flag, const std::string& file) {
  constexpr std::size_t kMostFile = 16U << 20;
  TRY_SET(const std::string text, sys::read_file_at(sys::kCwd, file.c_str(), kMostFile), flag);
  std::vector<std::string> lines;
  for (std::string_view line : split(text, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (trim(line).empty() || trim(line).starts_with('#')) continue;
    const std::string_view name = line.substr(0, line.find('='));
    const bool has_nul = line.contains('\0');
    if (name.empty() || name.find_first_of(" \t") != std::string_view::npos || has_nul)
      return fail(Code::kInvalidArgument, std::string(flag) + " " + quote(file) + ": " +
                                              quote(line) + " is not NAME=VALUE");
    lines.emplace_back(line);
  }
  return lines;
}

Result<> add_environment(const std::vector<std::string>& files,
                         const std::vector<std::string>& entries, std::vector<std::string>& env) {
  for (const std::string& file : files) {
    TRY_SET(const std::vector<std::string> lines, read_pairs("--env-file", file));
    for (const std::string& line : lines) add_entry(line, env);
  }
  for (const std::string& entry : entries) {
    if (entry.empty() || entry.starts_with('='))
      return fail(Code::kInvalidArgument, "-e " + quote(entry) + ": expected NAME=VALUE or NAME");
    add_entry(entry, env);
  }
  return {};
}

}  // namespace planet::cli
