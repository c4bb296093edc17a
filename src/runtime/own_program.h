// Keeps this program's file out of reach of containers that have the host's users.
//
// A container's process 1 is this program until it executes its command, and it can be made to execute this program
// again: as "/proc/self/exe", as the interpreter of a script, as a loader. Whoever holds that file open inside could
// write it when nobody runs it any more, and so own the host (CVE-2019-5736). With private users the file's owner is
// nobody inside; with the host's users, or if its owner is the ordinary user whose root inside is that very user, it
// must not be writable at all.
//
// Source: open_tree(2), mount_setattr(2), prctl(2) PR_SET_MM_MAP, memfd_create(2), execveat(2).
#pragma once

#include "base/error.h"
#include "runtime/rights.h"

namespace planet::runtime {

// From here this program runs from a read-only mount that is nowhere in the tree, so that nobody can make it writable. Where
// the kernel does not exchange the file of a program that runs, it is executed again, with the same arguments: call it
// before anything is read or made. Returns at once where it runs from such a mount already.
// Errors: that of the mount, or of execveat(2).
Result<> leave_writable_program();

// The same where it is needed, for a container with or without private users. An ordinary user, who mounts nothing, gets a
// sealed copy in memory, if the file is one that the user could write.
Result<> protect_program(bool private_users, Rights rights);

}  // namespace planet::runtime
