#include "runtime/console.h"

#include <linux/magic.h>

#include "fs/detached_mount.h"
#include "sys/file.h"

namespace planet::runtime {
namespace {

Result<> mount_on_console(const fs::Root& root, BorrowedFd slave) {
  auto place = root.open("/dev/console", O_PATH | O_NOFOLLOW);
  if (!place && place.error().sys_errno() == ENOENT) {
    TRY(root.open("/dev/console", O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    place = root.open("/dev/console", O_PATH | O_NOFOLLOW);
  }
  if (!place) return std::unexpected(std::move(place).error());
  TRY_SET(const fs::DetachedMount bind, fs::DetachedMount::clone(slave, "", false));
  return bind.attach(place->borrow());
}

}  // namespace

Result<sys::TerminalPair> open_terminal_pair(const fs::Root& root, const oci::Process& process) {
  TRY_SET(const UniqueFd devpts, root.open("/dev/pts", O_RDONLY | O_DIRECTORY));
  TRY_SET(const std::int64_t type, sys::file_system_type(devpts.borrow()));
  if (type != DEVPTS_SUPER_MAGIC)
    return fail(Code::kInvalidArgument,
                "/dev/pts is not a devpts file system: a terminal needs one");
  TRY_SET(sys::TerminalPair pair, sys::open_terminal(devpts.borrow()));
  if (process.console_size)
    TRY(sys::set_window_size(pair.master.borrow(),
                             {.ws_row = static_cast<unsigned short>(process.console_size->height),
                              .ws_col = static_cast<unsigned short>(process.console_size->width),
                              .ws_xpixel = 0,
                              .ws_ypixel = 0}));
  return pair;
}

Result<sys::TerminalPair> open_console(const fs::Root& root, const oci::Process& process) {
  TRY_SET(sys::TerminalPair pair, open_terminal_pair(root, process));
  TRY(mount_on_console(root, pair.slave.borrow()));
  return pair;
}

}  // namespace planet::runtime
