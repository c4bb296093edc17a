// One digest for all that an unpacked layer keeps of its files: two trees that have the same are the same to a container.
//
// Not of it: the times of directories and whiteouts, since those that an archive only implies have none of their own; and
// SELinux's labels, which are the host's.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"
#include "image/digest.h"

namespace planet::image {

// `top` may be O_PATH. Errors: those of fs::TreeWalk, and of reading the files.
Result<Digest> digest_of_tree(UniqueFd top);

}  // namespace planet::image
