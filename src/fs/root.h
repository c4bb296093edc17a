// Root: a directory that is somebody's "/". Every path that an image, an archive, a bundle or a container can
// influence is resolved by it, on descriptors, and can never leave it: absolute links and ".." stay inside,
// /proc's magic links are refused.
//
// Source: openat2(2), RESOLVE_IN_ROOT and RESOLVE_NO_MAGICLINKS; without openat2 (a seccomp filter may hide it)
// a walk by components on O_PATH descriptors.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sys/file.h"

namespace planet::fs {

// Which resolver a Root uses. kWalk is for kernels and filters without openat2, and for tests.
enum class Resolver : std::uint8_t { kProbe, kOpenat2, kWalk };

// Where a file is or will be: its directory, held open, and its name there, a single component that is
// not empty, "." or ".." and has no trailing slash.
struct Place {
  UniqueFd dir;
  std::string name;
};

class Root {
 public:
  // Takes the directory `dir` (O_PATH or readable) as the root.
  explicit Root(UniqueFd dir, Resolver resolver = Resolver::kProbe);

  BorrowedFd dir() const { return dir_.borrow(); }

  // Opens an existing file (or makes it, with O_CREAT); links are followed inside the root. "" and "/" are
  // the root itself.
  // Errors: that of openat2(2); kInvalidArgument - a NUL in the path.
  Result<UniqueFd> open(std::string_view path, int flags, mode_t mode = 0) const;

  // Like open, but a link as the last component is not followed: O_PATH opens the link itself, other flags
  // fail with ELOOP. A trailing slash makes no difference.
  Result<UniqueFd> open_no_follow(std::string_view path, int flags, mode_t mode = 0) const;

  // The directory that holds the last component of `path`, for calls that create, replace or remove it. The
  // directory must exist.
  // Errors: kInvalidArgument - the last component is empty, "." or "..".
  Result<Place> parent(std::string_view path) const;

  // Makes the directory and its missing parents with `mode` (less the umask) and opens it. Links on the way
  // are followed inside the root; a dangling one is an error.
  Result<UniqueFd> make_directories(std::string_view path, mode_t mode) const;

  // The regular file's content, at most `limit` bytes; never blocks on a FIFO or device.
  // Errors: kInvalidArgument - not a regular file, or larger.
  Result<std::string> read_regular(std::string_view path, std::size_t limit) const;

 private:
  UniqueFd dir_;
  Resolver resolver_;
};

// Splits off the last component; trailing slashes do not count: "a/b/" is {"a", "b"}, "a" is {"", "a"}.
std::pair<std::string_view, std::string_view> split_last(std::string_view path);

}  // namespace planet::fs
