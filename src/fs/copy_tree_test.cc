#include "fs/copy_tree.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "sys/file.h"

namespace planet::fs {
namespace {

namespace stdfs = std::filesystem;

class CopyTree : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/tmp/planet-copy-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    stdfs::create_directories(top_ / "from");
    stdfs::create_directories(top_ / "to");
  }
  void TearDown() override { stdfs::remove_all(top_); }
  Result<> copy() {
    TRY_SET(const UniqueFd from, sys::open_at(sys::kCwd, (top_ / "from").c_str(), O_PATH));
    TRY_SET(const UniqueFd to, sys::open_at(sys::kCwd, (top_ / "to").c_str(), O_PATH));
    return copy_tree(from.borrow(), to.borrow());
  }
  stdfs::path top_;
};

TEST_F(CopyTree, KeepsFilesLinksModesAndTimes) {
  stdfs::create_directories(top_ / "from/a/b");
  std::ofstream(top_ / "from/a/b/text") << "planet";
  stdfs::create_symlink("/nowhere", top_ / "from/link");
  ASSERT_EQ(::mkfifo((top_ / "from/pipe").c_str(), 0600), 0);  // must not be waited for
  stdfs::permissions(top_ / "from/a/b/text", stdfs::perms(0640));
  stdfs::permissions(top_ / "from/a", stdfs::perms(01777));
  stdfs::permissions(top_ / "from", stdfs::perms(0750));
  const struct timespec times[2] = {{.tv_sec = 5, .tv_nsec = 0}, {.tv_sec = 7, .tv_nsec = 9}};
  ASSERT_EQ(::utimensat(AT_FDCWD, (top_ / "from/a/b/text").c_str(), times, 0), 0);
  const Result<> done = copy();
  ASSERT_TRUE(done) << done.error().to_string();
  std::string text;
  std::ifstream(top_ / "to/a/b/text") >> text;
  EXPECT_EQ(text, "planet");
  EXPECT_EQ(stdfs::read_symlink(top_ / "to/link"), "/nowhere");
  EXPECT_TRUE(stdfs::is_fifo(top_ / "to/pipe"));
  const auto st = sys::lstat_at(sys::kCwd, (top_ / "to/a/b/text").c_str());
  ASSERT_TRUE(st);
  EXPECT_EQ(st->st_mode & 07777, 0640U);
  EXPECT_EQ(st->st_mtim.tv_sec, 7);
  EXPECT_EQ(sys::lstat_at(sys::kCwd, (top_ / "to/a").c_str())->st_mode & 07777, 01777U);
  EXPECT_EQ(sys::lstat_at(sys::kCwd, (top_ / "to").c_str())->st_mode & 07777, 0750U);
}

TEST_F(CopyTree, IsBounded) {
  stdfs::path deep = top_ / "from";
  for (int i = 0; i < 258; ++i) deep /= "d";
  stdfs::create_directories(deep);
  EXPECT_EQ(copy().error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace planet::fs
