#include "sys/program_image.h"

#include <gtest/gtest.h>
#include <linux/mount.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "sys/file.h"
#include "sys/mount.h"
#include "sys/process.h"

namespace planet::sys {
namespace {

constexpr const char* kOwnFile = "/proc/self/exe";

// Variables of each kind of page: written, written before main, never written.
int written = 1;
const std::string kConstructed(100, 'x');
int (*const kFunction)() = [] { return written; };

Result<UniqueFd> own_file_on_read_only_mount() {
  TRY_SET(const UniqueFd own, open_at(kCwd, kOwnFile, O_PATH));
  TRY_SET(const UniqueFd copy, open_tree_clone(own.borrow(), "", false));
  mount_attr attr{};
  attr.attr_set = MOUNT_ATTR_RDONLY;
  TRY(mount_set_attr(copy.borrow(), attr, false));
  return reopen(copy.borrow(), O_RDONLY);
}

int sum() {
  return written + static_cast<int>(kConstructed.size()) + kFunction();
}

bool own_file_is_on_read_only_mount() {
  const auto own = open_at(kCwd, kOwnFile, O_PATH);
  return own && is_on_read_only_mount(own->borrow()).value_or(false);
}

// 0 if all is as it should be, else the number of what is not. That no page is mapped from elsewhere the kernel has checked,
// which refuses to exchange the file else.
int replace_and_look() {
  written = 21;
  const auto file = own_file_on_read_only_mount();
  if (!file || own_file_is_on_read_only_mount()) return 1;
  if (!replace_program_file(file->borrow())) return 2;
  if (!own_file_is_on_read_only_mount()) return 3;
  if (sum() != 142) return 4;
  written = 22;
  if (sum() != 144) return 5;
  // The heap still knows its end.
  const std::vector<std::string> many(20'000, kConstructed);
  return many.back() == kConstructed ? 0 : 6;
}

int status_of(int (*body)()) {
  auto child = clone_process({.flags = 0, .cgroup = std::nullopt});
  if (!child) return -1;
  if (!child->valid()) exit_now(body());
  const auto ended = child->wait();
  return ended ? ended->shell_status() : -1;
}

TEST(ProgramImage, TheProgramRunsOnFromAFileThatNobodyCanWrite) {
  if (::geteuid() != 0) GTEST_SKIP() << "a mount of its own needs root";
  EXPECT_EQ(status_of(replace_and_look), 0);
}

// Before anything of the program is replaced by it.
TEST(ProgramImage, AnotherFileIsRefused) {
  EXPECT_EQ(status_of([] {
              const auto file = open_at(kCwd, "/bin/sh", O_RDONLY);
              if (!file || replace_program_file(file->borrow())) return 1;
              return kFunction() == written ? 0 : 2;
            }),
            0);
}

}  // namespace
}  // namespace planet::sys
