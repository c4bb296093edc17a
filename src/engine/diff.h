// `diff`: what a container has changed in its image's files, from its upper directory.
//
// Source: docker-diff(1); kernel Documentation/filesystems/overlayfs.rst, "whiteouts and opaque directories".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/run.h"

namespace planet::engine {

enum class ChangeKind : char { kAdded = 'A', kChanged = 'C', kDeleted = 'D' };

struct Change {
  ChangeKind kind = ChangeKind::kChanged;
  std::string path;  // absolute
};

// By path. Running or not; what changes meanwhile is seen or not.
// Errors: kInvalidArgument - it runs on a directory, not on an image; kNotFound - its image is gone.
Result<std::vector<Change>> diff_container(const Engine& engine, const std::string& id);

// The places of a root, "proc" and the like, that every start mounts over: what is there belongs to no image.
bool is_always_covered(std::string_view path);

}  // namespace planet::engine
