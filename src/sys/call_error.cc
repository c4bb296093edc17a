#include "sys/call_error.h"

#include <cerrno>

namespace planet::sys {

Error call_error(int err, const char* call, std::string what) {
  if (err != ENOSYS) return Error::from_errno(err, std::move(what));
  return Error(Code::kUnsupported,
               std::string("the system call ") + call +
                   " is missing: Planet needs Linux 5.14 or newer and, where a seccomp filter "
                   "surrounds it, one that allows this call");
}

}  // namespace planet::sys
