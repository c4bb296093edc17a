// TreeWalk: a directory and all below it, one file after the other, for whoever copies or packs it.
//
// By descriptors: each name is opened once, never followed, and what it is then is what is handed out. Somebody who
// exchanges names meanwhile decides what is seen, but leads nowhere else.
//
// Source: openat(2), O_PATH and O_NOFOLLOW.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::fs {

struct WalkEntry {
  std::string path;  // below the top, without a slash at either end; the top itself is ""
  BorrowedFd file;  // O_PATH, of the file itself (a link is not followed); lent until the next call
  struct stat st{};
};

class TreeWalk {
 public:
  // `top` may be O_PATH, and any kind of file.
  explicit TreeWalk(UniqueFd top) : file_(std::move(top)) {}

  // The top, then what is below it: a directory before what is in it, names in the order of their bytes. A file that is
  // removed meanwhile is left out. None at the end.
  // Errors: kInvalidArgument - deeper than 256 directories; else those of the calls.
  Result<std::optional<WalkEntry>> next();

  // Leaves out what is below the entry that was handed out last.
  void skip_below() { descend_ = false; }

 private:
  struct Level {
    UniqueFd dir;
    std::string path;               // with a slash at its end, unless it is the top
    std::vector<std::string> left;  // the next one is the last
  };

  Result<> descend();
  Result<std::optional<WalkEntry>> hand_out(std::string path);

  UniqueFd file_;  // of the entry handed out last
  std::string path_;
  std::vector<Level> levels_;
  bool started_ = false;
  bool descend_ = false;
};

// The sizes of all files below `top`, as far as it can be read, together.
std::uint64_t bytes_of_files(UniqueFd top);

// True for what the kernel shows of itself, and no disk has: proc, sysfs, control groups and the like. Who copies a tree
// leaves it out.
bool is_kernels_own(BorrowedFd file);

}  // namespace planet::fs
