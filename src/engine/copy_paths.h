// Where a copy comes from and where it goes, by docker's rules on trailing slashes, "/." and what is there.
//
// Source: docker-cp(1).
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "fs/root.h"

namespace planet::engine {

// What a path's text says beside the path.
struct PathWords {
  std::string name;       // the last component; empty for "/", "." and ".."
  bool contents = false;  // "dir/." and the like: what is in it, without a directory of its name
  bool slash = false;     // it must be a directory
};
PathWords words_of(std::string_view path);

struct CopySource {
  UniqueFd file;  // O_PATH
  PathWords words;
  bool directory = false;
};

// Errors: kNotFound; kInvalidArgument - a slash behind what is no directory.
Result<CopySource> find_source(const fs::Root& root, const std::string& path, bool follow);

// A directory, and the name that the source gets in it; no name: what is in the source goes into it.
struct CopyTarget {
  UniqueFd dir;
  std::string name;
};

// Errors: kNotFound - the directory it is to be in is not there; kInvalidArgument - a directory on a file, a file on what
// is neither a file nor a directory, a slash behind a file.
Result<CopyTarget> find_target(const fs::Root& root, const std::string& path,
                               const CopySource& source);

// The directory that an archive is extracted into.
// Errors: kNotFound; kInvalidArgument - it is no directory.
Result<UniqueFd> find_target_directory(const fs::Root& root, const std::string& path);

}  // namespace planet::engine
