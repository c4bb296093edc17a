// linux.netDevices: network devices of the host that a container gets, under names of its own.
//
// Source: OCI runtime-spec 1.3, config-linux.md#network-devices.
#pragma once

#include <sys/types.h>

#include <map>
#include <string>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::runtime {

// Moves them from our network namespace to that of `init`, with their permanent global addresses, and raises them. After
// an error all are where they were.
// Errors: kNotFound - the host has no such device; kAlreadyExists - the container has one of that name; that of the kernel,
// which does not let every device go.
Result<> move_net_devices(const std::map<std::string, oci::NetDevice>& devices, pid_t init);

}  // namespace planet::runtime
