// A descriptor that can only be made inside another namespace: a socket of another network, a mount of another tree.
//
// Source: setns(2), unix(7), SCM_RIGHTS.
#pragma once

#include <functional>
#include <span>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// What `make` returns in the namespace `ns` of this type (CLONE_NEWNET, CLONE_NEWNS, ...). A process of its own goes
// there, so that this one stays where it is; it executes nothing, and what `make` leaves behind is gone with it.
// Errors: those of setns(2) and of `make`, with their code and text.
Result<UniqueFd> make_inside(BorrowedFd ns, int type,
                             const std::function<Result<UniqueFd>()>& make);

}  // namespace planet::sys
