#include "sys/device.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>

#include "sys/file.h"

namespace planet::sys {

Result<DeviceNode> find_device_node(const std::string& path) {
  TRY_SET(const UniqueFd file, open_at(kCwd, path.c_str(), O_PATH));
  TRY_SET(const struct stat st, stat_fd(file.borrow()));
  DeviceNode node{.number = {.major = major(st.st_rdev), .minor = minor(st.st_rdev)},
                  .mode = st.st_mode & 0777U,
                  .uid = st.st_uid,
                  .gid = st.st_gid,
                  .path = {}};
  if (S_ISCHR(st.st_mode)) node.type = 'c';
  if (S_ISBLK(st.st_mode)) node.type = 'b';
  const std::string link = "/proc/self/fd/" + std::to_string(file.borrow().get());
  TRY_SET(node.path, read_link_at(kCwd, link.c_str()));
  return node;
}

Result<DeviceNumber> block_device_number(const std::string& path) {
  struct stat st{};
  if (::stat(path.c_str(), &st) < 0) return std::unexpected(Error::from_errno(errno, path));
  if (!S_ISBLK(st.st_mode)) return fail(Code::kInvalidArgument, path + " is not a block device");
  return DeviceNumber{.major = major(st.st_rdev), .minor = minor(st.st_rdev)};
}

}  // namespace planet::sys
