// linux.netDevices: network devices of the host that a container gets, under names of its own.
//
// Source: OCI runtime-spec 1.3, config-linux.md#network-devices.
#pragma once

#include <sys/types.h>

#include <map>
#include <memory>
#include <string>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::runtime {

// Devices on their way. Until they are kept there they go back: a virtual device would end with the network of a container
// whose launch has failed.
class MovedNetDevices {
 public:
  // Moves them from our network namespace to that of `init`, with their permanent global addresses, and raises them.
  // Errors: kNotFound - the host has no such device; kAlreadyExists - the container has one of that name; that of the
  // kernel, which does not let every device go.
  static Result<MovedNetDevices> move(const std::map<std::string, oci::NetDevice>& devices,
                                      pid_t init);

  MovedNetDevices();
  MovedNetDevices(const MovedNetDevices&) = delete;
  MovedNetDevices& operator=(const MovedNetDevices&) = delete;
  MovedNetDevices(MovedNetDevices&&) noexcept;
  MovedNetDevices& operator=(MovedNetDevices&&) noexcept;
  ~MovedNetDevices();

  void keep();

 private:
  struct Move;
  std::unique_ptr<Move> move_;
};

}  // namespace planet::runtime
