// Files of NAME=VALUE lines, and what -e and --env-file make of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace planet::cli {

// The lines of a file of NAME=VALUE or NAME, without comments.
Result<std::vector<std::string>> read_pairs(const char* flag, const std::string& file);

// The environment that -e and --env-file give, the files first. "NAME" alone is the caller's, and nothing if the caller
// has none.
Result<> add_environment(const std::vector<std::string>& files,
                         const std::vector<std::string>& entries, std::vector<std::string>& env);

}  // namespace planet::cli
