// The words after `planet run` and `planet create`, as a request.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/request.h"

namespace planet::cli {

enum class Making : std::uint8_t { kRun, kCreate };

// None when help was printed (`status` 0) or the words are wrong (a message was printed, `status` 125).
std::optional<engine::RunRequest> parse_run_flags(Making making,
                                                  const std::vector<std::string>& args,
                                                  int& status);

}  // namespace planet::cli
