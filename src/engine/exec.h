// Exec: one more process in a container that runs.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/containers.h"
#include "engine/run.h"

namespace planet::engine {

struct ExecOptions {
  std::vector<std::string> command, env;
  std::string user, work_dir;  // empty: the container's
  bool interactive = false, terminal = false, detach = false, privileged = false;
};

// One more process in the running container; its exit status.
// Errors: kWrongState - it does not run; kCorrupt - its record is damaged; else as run.
Result<int> exec(const Engine& engine, const Container& container, const ExecOptions& options);

}  // namespace planet::engine
