#include "base/error.h"

#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace planet {
namespace {

Code code_of(int err) {
  switch (err) {
    case ENOENT:
    case ESRCH:
      return Code::kNotFound;
    case EEXIST:
      return Code::kAlreadyExists;
    case EPERM:
    case EACCES:
      return Code::kPermission;
    case ENOSYS:
    case EOPNOTSUPP:
      return Code::kUnsupported;
    default:
      return Code::kSystem;
  }
}

// A path may have thousands of letters, and who chose it may be an image: the sentence stays one that people read.
std::string shortened(std::string text) {
  constexpr std::size_t kMost = 300;
  if (text.size() > kMost) text.replace(kMost, std::string::npos, "...");
  return text;
}

}  // namespace

Error Error::from_errno(int err, std::string what, std::source_location at) {
  Error e(code_of(err), shortened(std::move(what)), at);
  e.errno_ = err;
  return e;
}

Error Error::from_wire(Code code, int err, std::string what) {
  Error e(code, std::move(what));
  e.errno_ = err;
  return e;
}

Error Error::while_doing(std::string_view doing) && {
  what_.insert(0, ": ").insert(0, shortened(std::string(doing)));
  return std::move(*this);
}

std::string Error::to_string() const {
  return errno_ == 0 ? what_ : what_ + ": " + std::system_category().message(errno_);
}

}  // namespace planet
