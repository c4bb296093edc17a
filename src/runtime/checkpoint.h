// Checkpoint: a running container, its processes and their memory, in files, by which it is restored (runtime/restore.h)
// here or on another host with the same root filesystem.
//
// Source: criu(8); the habits of `runc checkpoint`.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/criu_arguments.h"
#include "runtime/saved.h"

namespace planet::runtime {

struct CheckpointRequest {
  CriuOptions
      options;  // the directories are made if they are missing; no `work`: that of the images
  bool leave_running = false;
  bool pre_dump = false;
  std::string parent;  // of an earlier checkpoint or pre-dump, relative to the images
};

// Afterwards the container is gone as after a deletion, unless it is to go on running. After an error it runs on, and
// what criu had written, its log too, stays for whoever wants to know why.
// Errors: kUnsupported - no criu that works here, or what it cannot save: a terminal; kWrongState - not running;
// kSystem - criu's, which names its log.
Result<> checkpoint(const SavedContainers& containers, const Saved& container,
                    CheckpointRequest request);

}  // namespace planet::runtime
