#include "sys/seccomp.h"

#include <linux/seccomp.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

namespace planet::sys {

Result<> load_seccomp_filter(std::span<const sock_filter> filter, unsigned flags) {
  const sock_fprog program{.len = static_cast<unsigned short>(filter.size()),
                           .filter = const_cast<sock_filter*>(filter.data())};
  if (::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program) < 0)
    return std::unexpected(Error::from_errno(errno, "seccomp SECCOMP_SET_MODE_FILTER"));
  return {};
}

}  // namespace planet::sys
