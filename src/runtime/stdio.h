// The pipes that a container's process gets as its streams belong to it. Else they could not be opened by name, as images
// do whose logs are links to /dev/stdout: that wants the rights of a file, although the descriptor is there.
//
// Only pipes change hands: a file of the host's stays its owner's. So does a pipe that is not ours to give (of a user without
// a place in the user namespace, or on a read-only file system).
//
// Source: proc_pid_fd(5), pipe(7), user_namespaces(7) (rights over an inode whose ids are mapped).
#pragma once

#include "base/error.h"
#include "oci/spec.h"
#include "runtime/launch.h"
#include "runtime/namespaces.h"

namespace planet::runtime {

// The parent's, for a container with users of its own: to its root, who can give them on.
Result<> give_pipes(const Stdio& stdio, const Owner& owner);

// The process's, whose descriptors 0, 1 and 2 they are by now: to its user.
Result<> take_pipes(const oci::User& user);

}  // namespace planet::runtime
