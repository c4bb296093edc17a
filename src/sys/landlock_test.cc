#include "sys/landlock.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdlib>

#include "sys/file.h"
#include "sys/process.h"

namespace planet::sys {
namespace {

constexpr int kNotThere = 99;

bool may_read(BorrowedFd dir, const char* path) {
  return read_file_at(dir, path).has_value();
}

// The number of the first thing that is not as it should be, in a process that has given up all but `dir`.
int first_fault(BorrowedFd dir) {
  if (!set_no_new_privs()) return 1;
  const auto restricted = restrict_self({.readable_dirs = {dir}, .tcp_ports = {}});
  if (!restricted) return restricted.error().code() == Code::kUnsupported ? kNotThere : 2;
  if (!may_read(dir, "file")) return 3;
  if (!list_dir(dir)) return 4;
  if (may_read(kCwd, "/etc/passwd")) return 5;
  if (open_at(dir, "file", O_WRONLY)) return 6;
  if (open_at(dir, "other", O_CREAT | O_WRONLY, 0600)) return 7;
  if (make_dir_at(dir, "directory", 0700)) return 8;
  return unlink_at(dir, "file") ? 9 : 0;
}

TEST(Landlock, LeavesWhatWasNamed) {
  char path[] = "/tmp/planet-landlock-XXXXXX";
  ASSERT_NE(::mkdtemp(path), nullptr);
  const auto dir = open_at(kCwd, path, O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(dir && replace_file_at(dir->borrow(), "file", "text", 0600));
  auto child = clone_process({});
  ASSERT_TRUE(child);
  if (!child->valid()) exit_now(first_fault(dir->borrow()));
  const auto end = child->wait();
  EXPECT_TRUE(remove_tree_at(kCwd, path));
  ASSERT_TRUE(end);
  if (end->value == kNotThere) GTEST_SKIP() << "this kernel has no Landlock";
  EXPECT_EQ(end->shell_status(), 0);
}

}  // namespace
}  // namespace planet::sys
