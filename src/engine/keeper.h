// The keeper: the process that launches one prepared container, holds it, and takes it down.
#pragma once

#include <string>

#include "engine/prepare.h"
#include "engine/run.h"

namespace planet::engine {

// The caller keeps it, with those of its own streams that are `attached`. Calls hooks.started once the command runs. The exit status of
// the container.
// After a failure to start, nothing of a fresh container is left; another is at rest again, and says why.
Result<int> keep(const Engine& engine, Prepared& prepared, const Attached& attached,
                 const RunHooks& hooks);

// A process of its own keeps it; returns when the command runs, with the error if it does not. The lock is the keeper's.
Result<> keep_detached(const Engine& engine, Prepared& prepared, const RunHooks& hooks);

// The same, and the caller is its first client, with what is `attached`, until it ends (its exit status) or is left
// by its detach keys (0).
Result<int> keep_attached(const Engine& engine, Prepared& prepared, const Attached& attached,
                          const std::string& detach_keys, const RunHooks& hooks);

}  // namespace planet::engine
