// Restore: a container anew from a checkpoint (runtime/checkpoint.h), where it was.
//
// Source: criu(8); the habits of `runc restore`.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/criu_arguments.h"
#include "runtime/life.h"
#include "runtime/saved.h"

namespace planet::runtime {

struct RestoreRequest {
  CreateRequest
      create;  // its mounts, namespaces and control group are those of the new container; without a gate:
               // it runs at once. `stdio` must be set.
  CriuOptions options;  // no `work`: that of the images
  std::string lsm_profile, lsm_context;
};

// After a failure nothing is left but criu's log.
// Errors: kUnsupported - no criu that works here, or what it cannot do: a terminal, hooks in the course of the creation;
// kNotFound - no checkpoint; else as create; kSystem - criu's, which names its log.
Result<Created> restore(const SavedContainers& containers, RestoreRequest request);

}  // namespace planet::runtime
