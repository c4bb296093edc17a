// What a process has open.
//
// Source: close_range(2).
#pragma once

#include <span>

#include "base/error.h"

namespace planet::sys {

// Closes every descriptor of this process but these, for one that goes on as something else: below whoever holds them.
Result<> close_all_but(std::span<const int> kept);

}  // namespace planet::sys
