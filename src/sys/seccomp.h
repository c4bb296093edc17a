// Loading a system call filter into the calling process.
//
// Source: seccomp(2), SECCOMP_SET_MODE_FILTER.
#pragma once

#include <linux/filter.h>

#include <span>

#include "base/error.h"

namespace planet::sys {

// Needs no_new_privs or CAP_SYS_ADMIN in the user namespace. `flags`: SECCOMP_FILTER_FLAG_*.
Result<> load_seccomp_filter(std::span<const sock_filter> filter, unsigned flags);

}  // namespace planet::sys
