// SpaceGuard: stops an archive before it fills the disk that containers write to.
//
// What an archive unpacks to is known only when it is there: a few megabytes of gzip can be gigabytes of zeros, or
// millions of empty files.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::image {

class SpaceGuard {
 public:
  // `dir` (lent) is on the disk that is watched.
  explicit SpaceGuard(BorrowedFd dir) : dir_(dir) {}

  // To be told of every file and of what was written. Small archives are never stopped, so a nearly full disk still
  // takes them.
  // Errors: kSystem with ENOSPC - less than a fiftieth of the disk (but at most 512 MiB) or of its inodes is left.
  Result<> wrote(std::uint64_t bytes);
  Result<> made_file();

 private:
  Result<> check();

  BorrowedFd dir_;
  std::uint64_t bytes_ = 0;
  std::uint64_t files_ = 0;
};

}  // namespace planet::image
