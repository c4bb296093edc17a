#include "sys/device.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

namespace planet::sys {

Result<DeviceNumber> block_device_number(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) < 0) return std::unexpected(Error::from_errno(errno, path));
  if (!S_ISBLK(st.st_mode)) return fail(Code::kInvalidArgument, path + " is not a block device");
  return DeviceNumber{.major = major(st.st_rdev), .minor = minor(st.st_rdev)};
}

}  // namespace planet::sys
