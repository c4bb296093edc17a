#include "fs/copy_tree.h"

#include "base/strings.h"
#include "sys/file.h"

namespace planet::fs {
namespace {

constexpr int kMostDepth = 256;

Result<> copy_attributes(const struct stat& st, BorrowedFd to) {
  TRY(sys::change_owner(to, st.st_uid, st.st_gid));
  if (!S_ISLNK(st.st_mode)) TRY(sys::change_mode(to, st.st_mode & 07777));
  return sys::change_times(to, {st.st_atim, st.st_mtim});
}

Result<> copy_below(BorrowedFd from, BorrowedFd to, int depth);

// `from` is the file itself, opened with O_PATH: what it is was looked up once.
Result<> copy_content(BorrowedFd from, const struct stat& st, BorrowedFd dir, const char* name,
                      int depth) {
  if (S_ISDIR(st.st_mode)) {
    TRY(sys::make_dir_at(dir, name, 0700));
    TRY_SET(const UniqueFd to, sys::open_at(dir, name, O_PATH | O_DIRECTORY | O_NOFOLLOW));
    return copy_below(from, to.borrow(), depth + 1);
  }
  if (S_ISLNK(st.st_mode)) {
    TRY_SET(const std::string target, sys::read_link_at(from, ""));
    return sys::symlink_at(target.c_str(), dir, name);
  }
  if (!S_ISREG(st.st_mode)) return sys::make_node_at(dir, name, st.st_mode, st.st_rdev);
  TRY_SET(const UniqueFd input, sys::reopen(from, O_RDONLY));
  TRY_SET(const UniqueFd output,
          sys::open_at(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  return sys::copy_file(input.borrow(), output.borrow());
}

Result<> copy_one(BorrowedFd from, BorrowedFd to, const std::string& name, int depth) {
  const auto file = sys::open_at(from, name.c_str(), O_PATH | O_NOFOLLOW);
  if (!file && file.error().sys_errno() == ENOENT) return {};  // gone meanwhile
  if (!file) return std::unexpected(file.error());
  TRY_SET(const struct stat st, sys::stat_fd(file->borrow()));
  TRY(copy_content(file->borrow(), st, to, name.c_str(), depth));
  TRY_SET(const UniqueFd made, sys::open_at(to, name.c_str(), O_PATH | O_NOFOLLOW));
  return copy_attributes(st, made.borrow());
}

Result<> copy_below(BorrowedFd from, BorrowedFd to, int depth) {
  if (depth > kMostDepth) return fail(Code::kInvalidArgument, "it is deeper than 256 directories");
  TRY_SET(const UniqueFd readable, sys::open_at(from, ".", O_RDONLY | O_DIRECTORY));
  TRY_SET(const std::vector<std::string> names, sys::list_dir(readable.borrow()));
  for (const std::string& name : names) TRY(copy_one(from, to, name, depth), name);
  return {};
}

}  // namespace

Result<> copy_tree(BorrowedFd from, BorrowedFd to) {
  TRY_SET(const struct stat st, sys::stat_fd(from));
  TRY(copy_below(from, to, 0));
  return copy_attributes(st, to);
}

}  // namespace planet::fs
