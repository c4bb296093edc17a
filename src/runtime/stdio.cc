#include "runtime/stdio.h"

#include <sys/stat.h>

#include <cerrno>

#include "sys/file.h"

namespace planet::runtime {
namespace {

bool is_not_ours_to_give(const Error& error) {
  return error.sys_errno() == EPERM || error.sys_errno() == EINVAL || error.sys_errno() == EROFS;
}

Result<> give(BorrowedFd fd, uid_t uid, gid_t gid) {
  TRY_SET(const struct stat st, sys::stat_fd(fd));
  if (!S_ISFIFO(st.st_mode) || st.st_uid == uid) return {};
  Result<> given = sys::change_owner(fd, uid, gid);
  if (!given && is_not_ours_to_give(given.error())) return {};
  return given;
}

}  // namespace

Result<> give_pipes(const Stdio& stdio, const Owner& owner) {
  for (const BorrowedFd fd : {stdio.in, stdio.out, stdio.err}) TRY(give(fd, owner.uid, owner.gid));
  return {};
}

Result<> take_pipes(const oci::User& user) {
  for (int fd = 0; fd < 3; ++fd) TRY(give(BorrowedFd(fd), user.uid, static_cast<gid_t>(-1)));
  return {};
}

}  // namespace planet::runtime
