// Exec: one more process in a container that runs.
//
// Source: OCI runtime-spec has no operation for it; runc's `exec` and docker's `exec` set the habits. setns(2) with a
// pidfd (Linux 5.8), clone(2) CLONE_PARENT.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"
#include "runtime/launch.h"
#include "sys/process.h"

namespace planet::runtime {

struct ExecRequest {
  BorrowedFd init;  // pidfd of the container's init, checked by the caller to be the right process
  pid_t init_pid = 0;
  const oci::Spec& spec;  // the container's; its process is replaced by the next
  const oci::Process& process;
  std::optional<std::string> user;  // as in LaunchRequest
  std::vector<std::string> groups;  // likewise
  std::optional<Stdio> stdio;
  std::vector<BorrowedFd> extra_fds;
  std::vector<std::string>
      cgroups;  // "PATH", "memory,cpu:PATH": groups below the container's to be in
  DefaultSeccomp default_seccomp = DefaultSeccomp::kNone;
  std::optional<oci::State>
      state;  // of the container: must be set if its seccomp filter asks an agent
  Rights rights = Rights::kHost;  // ours
  bool die_with_parent = false;
};

// Joins the container's namespaces and control groups and starts the process there.
// The new process is our child; after a failure none is left.
// Errors: as launch; kWrongState - init is gone.
Result<Running> exec(const ExecRequest& request);

}  // namespace planet::runtime
