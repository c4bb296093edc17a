// The file behind the running program.
//
// Source: prctl(2), PR_SET_MM_MAP; elf(5); kernel fs/exec.c and kernel/sys.c, replace_mm_exe_file.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

// Puts `file`, which is this program's file through another mount, in the place of the one that it was executed from:
// /proc/self/exe leads to it, and all that is mapped of the program is mapped from it, or is a copy. To execute it does the
// same, but starts the program once more. For a single thread only. `file` is lent, open for reading.
// Errors: kInvalidArgument - another file. Those of prctl(2): EPERM without CAP_SYS_ADMIN or CAP_CHECKPOINT_RESTORE in its
// user namespace, EINVAL where the kernel is built without checkpoints. The program runs on with any of them.
Result<> replace_program_file(BorrowedFd file);

}  // namespace planet::sys
