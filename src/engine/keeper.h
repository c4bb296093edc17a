// The keeper: launches one prepared container, holds it, and takes it down.
#pragma once

#include "engine/prepare.h"
#include "engine/run.h"

namespace planet::engine {

// The caller keeps it, with its own input and output. Calls hooks.started once the command runs. The exit status of
// the container.
// After a failure to start, nothing of a fresh container is left; another is at rest again, and says why.
Result<int> keep(const Engine& engine, const Prepared& prepared, const RunHooks& hooks);

// A process of its own keeps it; returns when the command runs, with the error if it does not.
Result<> keep_detached(const Engine& engine, const Prepared& prepared, const RunHooks& hooks);

}  // namespace planet::engine
