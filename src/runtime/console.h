// A container's terminal: made inside, its master handed out.
//
// Source: OCI runtime-spec config.md, process.terminal; config-linux.md#default-devices, /dev/console.
#pragma once

#include "base/error.h"
#include "fs/root.h"
#include "oci/spec.h"
#include "sys/terminal.h"

namespace planet::runtime {

// Opens a pair on the devpts at /dev/pts of `root`, with the spec's size.
// Errors: kInvalidArgument - /dev/pts is no devpts.
Result<sys::TerminalPair> open_terminal_pair(const fs::Root& root, const oci::Process& process);

// The same for init, whose terminal is also mounted on /dev/console.
Result<sys::TerminalPair> open_console(const fs::Root& root, const oci::Process& process);

}  // namespace planet::runtime
