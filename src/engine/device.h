// --device: a device node of the host, for one container.
//
// Source: docker-run(1), --device; kernel Documentation/admin-guide/cgroup-v1/devices.rst.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/request.h"

namespace planet::engine {

// "HOST[:CONTAINER][:rwm]", as text.
struct DeviceWords {
  std::string host, container;
  std::string access = "rwm";
};
// Errors: kInvalidArgument - a path that is not below /dev, an access that is not made of r, w and m.
Result<DeviceWords> parse_device(std::string_view text);

// The same with what the host has there: links are followed, as far as they stay in /dev.
// Errors: as parse_device; kInvalidArgument - it is no device; kNotFound.
Result<GrantedDevice> find_device(std::string_view text);

}  // namespace planet::engine
