// Source: stat(2), makedev(3); open(2), O_PATH.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>

#include "base/error.h"

namespace planet::sys {

struct DeviceNumber {
  std::int64_t major = 0, minor = 0;
};

struct DeviceNode {
  char type = '\0';  // 'c' or 'b'; neither is no device
  DeviceNumber number;
  mode_t mode = 0;  // the permissions alone
  uid_t uid = 0;
  gid_t gid = 0;
  std::string path;  // where it is, after all links
};
// What is at `path`, links followed. Nothing is opened that a driver would notice.
Result<DeviceNode> find_device_node(const std::string& path);

// Errors: kNotFound; kInvalidArgument - the path is no block device.
Result<DeviceNumber> block_device_number(const std::string& path);

}  // namespace planet::sys
