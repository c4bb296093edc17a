// Files in memory.
//
// Source: memfd_create(2); fcntl(2), "File Sealing"; kernel Documentation/userspace-api/mfd_noexec.rst.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// An empty memory file to be written and read.
Result<UniqueFd> memory_file(const char* name);

// A memory file with `content` that can be executed and never changed.
// Errors: kPermission - vm.memfd_noexec forbids it.
Result<UniqueFd> sealed_memory_file(const char* name, std::string_view content);

// The same, of which nobody executes anything.
Result<UniqueFd> sealed_data_file(const char* name, std::string_view content);

// All that is in it, wherever its position is.
// Errors: kInvalidArgument - more than 1 MiB.
Result<std::string> memory_file_text(BorrowedFd file);

}  // namespace planet::sys
