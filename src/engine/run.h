// Run: from what a user asked to a container's exit status.
//
// The process that calls run keeps the container: it launches it, carries its streams, writes its log, records its
// end and takes everything down. Detached, that is a child of the caller in a session of its own. If the keeper dies,
// the kernel kills the container, and the next command tidies up.
#pragma once

#include <functional>
#include <string>

#include "base/error.h"
#include "engine/containers.h"
#include "engine/places.h"
#include "engine/record.h"
#include "engine/request.h"
#include "image/store.h"
#include "runtime/step.h"

namespace planet::engine {

struct Engine {
  Places places;
  image::Store store;
  static Result<Engine> open(const std::string& root, const std::string& runroot);
};

struct RunHooks {
  // The image is not here: gets it. Without this, that is an error.
  std::function<Result<>(const std::string& image)> missing_image;
  runtime::StepLog* log = nullptr;
  std::function<void(const std::string&)> say;  // a word to the user, beside the container's output
  std::function<void(const std::string& id)> made;  // it is there, and is going to be started
  std::function<void()> started;  // the command runs (not called for a detached container)
  std::function<void(const std::string&)> detached;  // a detached container runs; its id
};

// The exit status of the container, or 0 when it is detached and runs.
// After a failure nothing of the container is left.
// Errors: kCommandNotFound, kCommandNotRunnable; kNotFound - no such image; else why it did not start.
Result<int> run(const Engine& engine, const RunRequest& request, const RunHooks& hooks);

// For whoever makes containers. Whether a request wants users of its own; and what becomes of one that the host cannot
// give them: an error if they were asked for by name, else it is said, and they are the host's.
bool wants_private_users(const RunRequest& request);
Result<> without_private_users(const RunRequest& request, const Error& why, const RunHooks& hooks);

}  // namespace planet::engine
