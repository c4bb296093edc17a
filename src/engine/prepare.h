// Prepare: all of a container that there is before its start: its directory, name, id range, record and Spec.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "base/undo.h"
#include "engine/containers.h"
#include "engine/events.h"
#include "engine/run.h"
#include "oci/spec.h"
#include "runtime/launch.h"

namespace planet::engine {

// A container that is written down and not started.
struct Prepared {
  image::Image image;  // from find_image(), for prepare()
  Record record;
  oci::Spec spec;
  runtime::RootSource root;
  std::optional<std::string> user;
  UniqueFd lock;  // of the container's directory: held as long as it is kept
  // The container is new, and nobody has been told yet.
  std::optional<Event> created;
  // A failure to start it leaves nothing of it. Else `rest` is what it goes back to.
  bool fresh = true;
  Exit rest;
};

// The image of the request, got from where hooks.missing_image gets it if it is not here; an empty one for a directory.
Result<image::Image> find_image(const Engine& engine, const RunRequest& request,
                                const RunHooks& hooks);

// Reserves and writes down everything; undone again unless `undo` commits. `prepared` outlives `undo`: nobody may take
// what is being undone for something that was left behind.
Result<> prepare(const Engine& engine, const RunRequest& request, bool private_users,
                 Prepared& prepared, Undo& undo);

// The next start of a container that is there and at rest, whose directory is locked by `lock`.
// Errors: kNotFound - its image is gone; kCorrupt - its config.json.
Result<Prepared> prepare_again(const Engine& engine, const Container& container, UniqueFd lock);

}  // namespace planet::engine
