// The keeper: launches one prepared container, holds it, and takes it down.
#pragma once

#include "engine/run.h"
#include "image/store.h"
#include "oci/spec.h"
#include "runtime/launch.h"

namespace planet::engine {

// A container that is written down and not started.
struct Prepared {
  Record record;
  oci::Spec spec;
  runtime::RootSource root;
  std::optional<std::string> user;
  UniqueFd lock;  // of the container's directory: held as long as it is kept
};

// Calls `started` once the command runs. The exit status of the container.
// After a failure to start, nothing of the container is left.
Result<int> keep(const Engine& engine, const RunRequest& request, const Prepared& prepared,
                 const RunHooks& hooks, const std::function<void()>& started);

// The same in a process of its own; returns when the command runs, with the error if it does not.
Result<> keep_detached(const Engine& engine, const RunRequest& request, const Prepared& prepared,
                       const RunHooks& hooks);

}  // namespace planet::engine
