// What happens to the names and files of one directory.
//
// Source: inotify(7).
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

class DirectoryWatch {
 public:
  // Sees from now on what is written to the files of `dir`, and which names come to it.
  static Result<DirectoryWatch> open(BorrowedFd dir);

  // Readable (poll(2)) when something has happened.
  BorrowedFd fd() const { return fd_.borrow(); }

  // Takes what has happened, without waiting. False when the directory itself is gone: nothing will happen any more.
  Result<bool> drain();

 private:
  explicit DirectoryWatch(UniqueFd fd) : fd_(std::move(fd)) {}

  UniqueFd fd_;
};

}  // namespace planet::sys
