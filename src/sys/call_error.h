// The error of a failed system call, with one sentence of its own for a call that is not there.
#pragma once

#include <string>

#include "base/error.h"

namespace planet::sys {

// What errno means for `call`, a system call that Linux has had since before 5.14; `what` adds its main argument.
// Errors: kUnsupported - ENOSYS: an older kernel, or a seccomp filter around this program; else that of errno.
Error call_error(int err, const char* call, std::string what);

}  // namespace planet::sys
