// What is done with a container that is there: create makes it, start starts it, again and again, and what follows.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "engine/containers.h"
#include "engine/control.h"
#include "engine/run.h"

namespace planet::engine {

// Everything but the start. Its id.
// After a failure nothing of the container is left. Errors: as run.
Result<std::string> create(const Engine& engine, const RunRequest& request, const RunHooks& hooks);

struct StartOptions {
  bool attach = false, interactive = false;  // interactive: with its input, too
  std::string detach_keys = "\x10\x11";      // as bytes
};

// Starts a container at rest; one that runs already is what was asked for. With `attach` its exit status, else 0.
// After a failure it is at rest again, and `inspect` says why.
// Errors: kWrongState - it is paused; kNotFound; else as run.
Result<int> start(const Engine& engine, const std::string& id, const StartOptions& options,
                  const RunHooks& hooks);

// Stops it, if it runs, and starts it.
Result<> restart(const Engine& engine, const std::string& id, std::optional<int> timeout,
                 const RunHooks& hooks);

// After a boot: starts what has a restart policy and was not stopped by somebody. Each is done for itself; `failed` hears
// of those that do not start.
Result<> start_restarting(const Engine& engine, const RunHooks& hooks,
                          const std::function<void(const std::string& name, const Error&)>& failed);

// Errors: kAlreadyExists, kInvalidArgument - the new name; kWrongState - it has that name.
Result<> rename(const Engine& engine, const Container& container, const std::string& name);

// Stops it from running, or lets it go on.
// Errors: kWrongState - it does not run, or is so already.
Result<> pause(const Engine& engine, const Container& container, bool on);

// Pauses it as long as the descriptor is open, in whatever process, however that ends.
// Errors: kWrongState - it does not run.
Result<UniqueFd> pause_meanwhile(const Engine& engine, const Container& container);

// Shows the output of a running container, and passes on its input, until it ends (its exit status) or is left (none).
// Errors: kWrongState - it does not run.
Result<std::optional<int>> attach(const Engine& engine, const Container& container,
                                  AttachOptions options);

// Waits until it is at rest; its exit status.
Result<int> wait(const Engine& engine, const std::string& id);

}  // namespace planet::engine
