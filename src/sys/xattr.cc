#include "sys/xattr.h"

#include <sys/xattr.h>

#include <cerrno>

namespace planet::sys {
namespace {

// The calls for descriptors refuse O_PATH ones; the ones for paths take them by /proc/self/fd.
std::string proc_path(BorrowedFd file) {
  return "/proc/self/fd/" + std::to_string(file.get());
}

std::unexpected<Error> failed(const char* call, const std::string& name) {
  if (errno == ENODATA) return fail(Code::kNotFound, std::string(call) + " " + name);
  return std::unexpected(Error::from_errno(errno, std::string(call) + " " + name));
}

}  // namespace

Result<> set_xattr(BorrowedFd file, const std::string& name, std::string_view value) {
  if (::setxattr(proc_path(file).c_str(), name.c_str(), value.data(), value.size(), 0) < 0)
    return failed("setxattr", name);
  return {};
}

Result<std::string> get_xattr(BorrowedFd file, const std::string& name) {
  std::string value(65536, '\0');  // XATTR_SIZE_MAX
  const ssize_t size =
      ::getxattr(proc_path(file).c_str(), name.c_str(), value.data(), value.size());
  if (size < 0) return failed("getxattr", name);
  value.resize(static_cast<std::size_t>(size));
  return value;
}

Result<std::vector<std::string>> list_xattrs(BorrowedFd file) {
  std::string list(65536, '\0');  // XATTR_LIST_MAX
  const ssize_t size = ::listxattr(proc_path(file).c_str(), list.data(), list.size());
  if (size < 0) return failed("listxattr", "");
  list.resize(static_cast<std::size_t>(size));
  std::vector<std::string> names;
  for (std::size_t begin = 0; begin < list.size();) {
    names.emplace_back(list.c_str() + begin);
    begin += names.back().size() + 1;
  }
  return names;
}

}  // namespace planet::sys
