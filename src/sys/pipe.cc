#include "sys/pipe.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>

namespace planet::sys {

Result<Pipe> make_pipe() {
  int ends[2] = {-1, -1};
  if (::pipe2(ends, O_CLOEXEC) < 0) return std::unexpected(Error::from_errno(errno, "pipe2"));
  return Pipe{.read = UniqueFd(ends[0]), .write = UniqueFd(ends[1])};
}

}  // namespace planet::sys
