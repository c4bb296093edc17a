// A copy of what a directory holds: for a mount that begins with what it lies over ("tmpcopyup").
//
// Source: the habit of other runtimes; the specification has the option, and no word on what is copied.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::fs {

// Copies all below the directory `from` (O_PATH will do) into the directory `to`, and from's own owner and mode. Links are
// copied as links; owners, modes and times are kept, extended attributes and hard links are not.
// What somebody else does to `from` meanwhile may be copied or not, but leads nowhere outside of it.
// Errors: kInvalidArgument - deeper than 256 directories; else those of the calls.
Result<> copy_tree(BorrowedFd from, BorrowedFd to);

}  // namespace planet::fs
