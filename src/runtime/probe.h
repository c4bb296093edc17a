// What this host can do, found by trying.
#pragma once

#include <string>

#include "base/error.h"

namespace planet::runtime {

// Nothing, if the files of directory `path` can be shown through an id map, as private users need; else why not.
Result<> probe_id_maps(const std::string& path);

}  // namespace planet::runtime
