// What this host can do, found by trying.
#pragma once

#include <string>

#include "base/error.h"

namespace planet::runtime {

// Nothing, if a container whose layers and changes lie where directory `dir` is can have private users; else why not.
// Makes and mounts what a start does, in `dir`, which is the caller's to remove.
Result<> probe_private_users(const std::string& dir);

}  // namespace planet::runtime
