// The names in a directory that was opened for them: with fewer calls than list_dir() makes, which leaves a descriptor as it was.
//
// Source: getdents64(2).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// Those from where the directory has been read to, which for one that was just opened are all, without "." and "..", in no
// order.
Result<std::vector<std::string>> read_names(BorrowedFd dir);

}  // namespace planet::sys
