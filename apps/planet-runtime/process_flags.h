// How a process is connected: what create, run and exec have in common.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "runtime/launch.h"
#include "sys/signals.h"

namespace planet::cli {

struct ProcessFlags {
  std::string console_socket, pid_file;
  unsigned preserve_fds = 0;
  bool detach = false;
};

void add_process_flags(CLI::App& command, ProcessFlags& flags);

// How many descriptors from 3 on a service manager gave to this very process, for the container: LISTEN_FDS of
// sd_listen_fds(3).
unsigned listened_fds();

// The descriptors 3, 4, ... that the process gets. To be called before any of ours is opened: it could stand in for one
// that the caller has promised and not given.
// Errors: kInvalidArgument - one is not open.
Result<std::vector<BorrowedFd>> inherited_fds(const ProcessFlags& flags, unsigned listened);

Result<> check_terminal(const ProcessFlags& flags, bool terminal);
std::optional<runtime::Stdio> own_stdio(bool terminal);

// What follows the start of a process: the terminal to whoever asked for it, the process id to its file.
Result<> hand_out(const ProcessFlags& flags, const runtime::Running& running);

// Leaves it to itself, or holds its terminal and waits for its end; its exit status.
Result<int> see_off(const ProcessFlags& flags, runtime::Running running, sys::SignalFd& signals);

}  // namespace planet::cli
