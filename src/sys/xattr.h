// Extended attributes by descriptor, which may be O_PATH.
//
// Source: xattr(7), setxattr(2), listxattr(2).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

Result<> set_xattr(BorrowedFd file, const std::string& name, std::string_view value);
// Errors: kNotFound - there is no such attribute.
Result<std::string> get_xattr(BorrowedFd file, const std::string& name);
Result<std::vector<std::string>> list_xattrs(BorrowedFd file);

}  // namespace planet::sys
