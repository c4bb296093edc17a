// What a process gives up by itself, whoever it is: files and TCP ports that it will not need.
//
// Source: Documentation/userspace-api/landlock.rst, landlock(7).
#pragma once

#include <cstdint>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

struct LandlockExceptions {
  std::vector<BorrowedFd> readable_dirs;  // files and directories below may be read
  std::vector<std::uint16_t> tcp_ports;   // may be connected to; before Linux 6.7 every port may
};

// From then on this thread and what it starts open no other file, make or change none, and listen at no TCP port. What is open
// stays so. Needs no_new_privs or CAP_SYS_ADMIN.
// Errors: kUnsupported - the kernel has no Landlock, or it is switched off.
Result<> restrict_self(const LandlockExceptions& exceptions);

}  // namespace planet::sys
