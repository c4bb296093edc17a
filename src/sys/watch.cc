#include "sys/watch.h"

#include <sys/inotify.h>

#include <cerrno>
#include <cstring>
#include <string>

#include "sys/file.h"

namespace planet::sys {

Result<DirectoryWatch> DirectoryWatch::open(BorrowedFd dir) {
  UniqueFd fd(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (!fd.valid()) return std::unexpected(Error::from_errno(errno, "inotify_init1"));
  // By its descriptor: it is the directory that is open, whatever its path means by now.
  const std::string path = "/proc/self/fd/" + std::to_string(dir.get());
  constexpr std::uint32_t kMask = IN_MODIFY | IN_CREATE | IN_MOVED_TO | IN_DELETE_SELF | IN_ONLYDIR;
  if (::inotify_add_watch(fd.borrow().get(), path.c_str(), kMask) < 0)
    return std::unexpected(Error::from_errno(errno, "inotify_add_watch"));
  return DirectoryWatch(std::move(fd));
}

Result<bool> DirectoryWatch::drain() {
  std::string buffer(16384, '\0');
  bool there = true;
  while (true) {
    const auto n = read_some(fd_.borrow(), buffer);
    if (!n && n.error().sys_errno() == EAGAIN) return there;
    if (!n) return std::unexpected(n.error());
    for (std::size_t at = 0; at + sizeof(inotify_event) <= *n;) {
      inotify_event event{};
      std::memcpy(&event, buffer.data() + at, sizeof event);
      if ((event.mask & (IN_DELETE_SELF | IN_IGNORED | IN_UNMOUNT)) != 0) there = false;
      at += sizeof event + event.len;
    }
  }
}

}  // namespace planet::sys
