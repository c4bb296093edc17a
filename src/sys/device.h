// Source: stat(2), makedev(3).
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"

namespace planet::sys {

struct DeviceNumber {
  std::int64_t major = 0, minor = 0;
};

// Errors: kNotFound; kInvalidArgument - the path is no block device.
Result<DeviceNumber> block_device_number(const std::string& path);

}  // namespace planet::sys
