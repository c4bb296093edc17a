// The last part of a process's way into a container, the same for init and for exec: it is inside already, and now
// becomes its user, gives up what it may not keep, and executes the command.
//
// Source: capabilities(7), "Transformation of capabilities"; seccomp(2); execve(2).
#pragma once

#include <linux/filter.h>

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "runtime/labels.h"
#include "runtime/launch.h"
#include "runtime/step.h"

namespace planet::runtime {

struct ProcessStart {
  const oci::Process& process;
  std::optional<std::string> user;        // to be looked up inside; else process.user
  std::vector<std::string> groups;        // of that user, too
  std::span<const sock_filter> filter;    // empty: no filter
  unsigned filter_flags = 0;              // SECCOMP_FILTER_FLAG_*
  std::optional<Stdio> stdio;             // for descriptors 0, 1, 2 ...
  UniqueFd terminal;                      // ... or the terminal's slave
  std::span<const BorrowedFd> extra_fds;  // become 3, 4, ...
  bool die_with_parent = false;
  bool make_work_dir = true;  // else it is an error that there is none
  std::optional<BorrowedFd>
      reaper;  // program that is executed as process 1, with the command as args
  BorrowedFd agent{
      -1};  // who answers for the filter, if it is valid: gets its listener with the text `to_agent`
  std::string to_agent;
  const OwnLabels* labels =
      nullptr;  // taken before `ready`: the container's own hooks run under them, too
  // Called when only privileges are left to drop, and the command to execute; it may wait.
  std::function<Result<>()> ready;
};

// Returns only on failure.
// Errors: kCommandNotFound, kCommandNotRunnable; else that of the step.
Error start_process(const ProcessStart& start, const Steps& steps);

// Whether execve will find something to execute, as far as can be told before the user is changed.
// Errors: kCommandNotFound, kCommandNotRunnable, in the words that start_process has for them.
Result<> check_command(const oci::Process& process);

// Where to look for `command`: itself if it has a slash, else below each directory of PATH in `env`. Pure.
std::vector<std::string> command_candidates(const std::string& command,
                                            const std::vector<std::string>& env);

}  // namespace planet::runtime
