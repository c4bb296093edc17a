// Loading a system call filter into the calling process.
//
// Source: seccomp(2), SECCOMP_SET_MODE_FILTER.
#pragma once

#include <linux/filter.h>

#include <functional>
#include <span>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// Needs no_new_privs or CAP_SYS_ADMIN in the user namespace. `flags`: SECCOMP_FILTER_FLAG_*.
Result<> load_seccomp_filter(std::span<const sock_filter> filter, unsigned flags);

// The same for a filter with SECCOMP_RET_USER_NOTIF: `hand_over` gives its listener (seccomp_unotify(2)) to who will answer.
// It is executed by a thread without the filter, which the next execve(2) takes away: the caller makes no system call
// between the two, since the filter may stop any of them while nobody is there to let it go on.
Result<> load_listening_filter(std::span<const sock_filter> filter, unsigned flags,
                               const std::function<Result<>(BorrowedFd listener)>& hand_over);

}  // namespace planet::sys
