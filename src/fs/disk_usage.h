// What a directory takes of its disk, as du counts it: blocks, a file with many names once.
//
// Source: stat(2), st_blocks.
#pragma once

#include <cstdint>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::fs {

// Bytes of `top` and all below it. What is removed meanwhile does not count, nor what is deeper than 250 directories.
Result<std::uint64_t> disk_usage(UniqueFd top);

}  // namespace planet::fs
