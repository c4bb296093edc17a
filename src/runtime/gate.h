// Gate: where the init of a container that is created waits until somebody starts it, maybe hours later, from another
// process. It is a socket in the container's own directory on the host: who connects starts the container, and holds the
// end of the handshake (handshake.h) that hears whether the command could be executed.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::runtime {

inline constexpr const char* kGateName = "start";

// Init's: waits for the start; the connection with who started it. Until then a signal that would end an ordinary
// process ends init: process 1 of a pid namespace would not even hear it.
Result<UniqueFd> wait_at_gate(BorrowedFd listener);

// The starter's: lets init go on and waits until its command is executed. `dir` holds the gate.
// Errors: kWrongState - nobody waits there; kCommandNotFound, kCommandNotRunnable; else init's.
Result<> open_gate(BorrowedFd dir);

}  // namespace planet::runtime
