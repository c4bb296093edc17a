// What is in a directory that was opened to be read: by fewer calls than readdir(3) makes.
//
// Source: getdents64(2).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

struct Entry {
  std::string name;
  bool directory = false;  // false also when the file system does not say
};

// From where the directory has been read to, which for one that was just opened are all, without "." and "..", in no order.
Result<std::vector<Entry>> read_entries(BorrowedFd dir);
// The same, names alone.
Result<std::vector<std::string>> read_names(BorrowedFd dir);

}  // namespace planet::sys
