// A process that does one thing elsewhere, in another mount namespace, and hands a descriptor back.
#pragma once

#include <cstdint>
#include <functional>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::fs {

// Calls `make` in a child that is born with `flags` (CLONE_NEW*). The child ends with it.
// Errors: those of `make`; kInternal - the child died.
Result<UniqueFd> make_in_process(std::uint64_t flags,
                                 const std::function<Result<UniqueFd>()>& make);

}  // namespace planet::fs
