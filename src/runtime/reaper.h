// The program that is process 1 of a container started with --init (apps/planet-init), carried inside ours.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::runtime {

// A sealed memory file that holds the program: it can be executed and read, never written.
// Source: memfd_create(2), fcntl(2), F_ADD_SEALS.
// Errors: kPermission - the host forbids executable memory files; the sentence names the sysctl.
Result<UniqueFd> open_reaper();

}  // namespace planet::runtime
