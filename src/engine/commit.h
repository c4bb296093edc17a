// `commit`: an image of what a container has become: its image's layers, and one more of its changes.
//
// The layer is reproducible (image/pack.h): the same changes give the same digest. It is made in staging and shown at once,
// so a commit that is killed leaves nothing that counts.
//
// Source: docker-commit(1); OCI image-spec config.md, manifest.md.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/run.h"

namespace planet::engine {

struct CommitOptions {
  std::string name;  // REPOSITORY[:TAG]; empty: the image has only its id
  std::string author, message;
  std::vector<std::string> changes;  // engine/image_change.h
  bool pause = true;                 // a running one, while its files are read
  std::function<void(const std::string& what)> say;
};

// The id (hex) of the new image. What a container that is not paused does meanwhile is in it or not.
// Errors: kInvalidArgument - the name, a change, a container on a directory, files that no layer can have; kNotFound - its
// image is gone; else those of the file system.
Result<std::string> commit(const Engine& engine, const std::string& id,
                           const CommitOptions& options);

}  // namespace planet::engine
