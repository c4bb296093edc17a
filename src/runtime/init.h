// Init: process 1 of a container, from its birth until it becomes the command. It has its namespaces' rights and none
// outside; the parent (launch.cc), which has the host's, works at the same time, and they talk by the handshake.
//
// Source: OCI runtime-spec, config.md and config-linux.md; namespaces(7).
#pragma once

#include <cstdint>
#include <vector>

#include "base/unique_fd.h"
#include "oci/spec.h"
#include "runtime/cgroup_entry.h"
#include "runtime/joins.h"
#include "runtime/labels.h"
#include "runtime/launch.h"
#include "runtime/net_devices.h"
#include "runtime/plan.h"
#include "runtime/seccomp_choice.h"

namespace planet::runtime {

// What both halves know: all of it decided before the first namespace exists.
struct Launch {
  const LaunchRequest& request;
  const oci::Spec& spec;
  oci::Process process;  // without one in the spec, init waits at its gate and cannot be started
  Plan plan;
  std::vector<Join> joins;
  std::uint64_t separate = 0;  // CLONE_NEW* of the namespaces that it does not share with us
  SeccompChoice seccomp;
  Labels labels;
  MovedNetDevices net_devices;  // the parent's
  UniqueFd reaper;
  CgroupEntry cgroup;
  bool cgroup_later = false;  // it is made when init is there
};

// Whether the parent has a stage for hooks: init's own need what it sends.
bool has_create_hooks(const oci::Hooks& hooks);

// Never returns: the command takes over, or the error goes to the parent, at the other end of `socket`.
[[noreturn]] void init_main(Launch& launch, UniqueFd socket);

}  // namespace planet::runtime
