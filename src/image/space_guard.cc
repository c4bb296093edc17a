#include "image/space_guard.h"

#include <algorithm>
#include <cerrno>

#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::uint64_t kBytesBetween = 32U << 20;
constexpr std::uint64_t kFilesBetween = 10'000;
constexpr std::uint64_t kShare = 50;
constexpr std::uint64_t kMostReserve = 512U << 20;

std::unexpected<Error> no_room(const char* what) {
  return std::unexpected(
      Error::from_errno(ENOSPC, std::string("the archive would leave too few free ") + what));
}

}  // namespace

Result<> SpaceGuard::wrote(std::uint64_t bytes) {
  bytes_ += bytes;
  if (bytes_ < kBytesBetween) return {};
  bytes_ = 0;
  return check();
}

Result<> SpaceGuard::made_file() {
  if (++files_ < kFilesBetween) return {};
  files_ = 0;
  return check();
}

Result<> SpaceGuard::check() {
  TRY_SET(const sys::FreeSpace space, sys::free_space(dir_));
  if (space.bytes < std::min(space.all_bytes / kShare, kMostReserve)) return no_room("bytes");
  if (space.inodes < space.all_inodes / kShare) return no_room("inodes");
  return {};
}

}  // namespace planet::image
