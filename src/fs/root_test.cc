#include "fs/root.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>
#include <filesystem>
#include <fstream>

namespace planet::fs {
namespace {

namespace stdfs = std::filesystem;

// A canary beside the root; every case must reach a file inside or fail, on both resolvers.
class RootTest : public testing::TestWithParam<Resolver> {
 protected:
  void SetUp() override {
    std::string path = testing::TempDir() + "/planet-root-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    stdfs::create_directories(top_ / "root/dir/sub");
    stdfs::create_directories(top_ / "canary");
    std::ofstream(top_ / "canary/secret") << "outside";
    std::ofstream(top_ / "root/dir/file") << "inside";
    stdfs::create_symlink("/dir", top_ / "root/absolute");
    stdfs::create_symlink("dir/file", top_ / "root/relative");
    stdfs::create_symlink("../../../../canary", top_ / "root/escape");
    stdfs::create_symlink(top_ / "canary", top_ / "root/host");
    stdfs::create_symlink("loop", top_ / "root/loop");
    stdfs::create_symlink("nowhere", top_ / "root/dangling");
  }
  void TearDown() override { stdfs::remove_all(top_); }

  Root root() const {
    auto dir = sys::open_at(sys::kCwd, (top_ / "root").c_str(), O_PATH | O_DIRECTORY);
    return Root(*std::move(dir), GetParam());
  }
  stdfs::path top_;
};

TEST_P(RootTest, FollowsLinksInside) {
  for (const char* path : {"dir/file", "/dir/file", "absolute/file", "relative", "../../dir/file",
                           "dir/../dir/./file", "absolute/sub/../file"})
    EXPECT_EQ(root().read_regular(path, 100).value_or("error"), "inside") << path;
}

TEST_P(RootTest, NeverLeaves) {
  for (const char* path :
       {"escape/secret", "host/secret", "escape", "../canary/secret", "dangling"}) {
    const auto file = root().open(path, O_RDONLY);
    ASSERT_FALSE(file) << path;
    EXPECT_EQ(file.error().sys_errno(), ENOENT) << path;
  }
  EXPECT_EQ(root().open("loop", O_RDONLY).error().sys_errno(), ELOOP);
  EXPECT_EQ(root().open("dir/file/x", O_RDONLY).error().sys_errno(), ENOTDIR);
}

TEST_P(RootTest, NoFollowMeansTheLinkItselfAlsoWithASlash) {
  for (const char* path : {"host", "host/", "escape//"}) {
    EXPECT_EQ(root().open_no_follow(path, O_RDONLY).error().sys_errno(), ELOOP) << path;
    const auto link = root().open_no_follow(path, O_PATH);
    ASSERT_TRUE(link) << path;
    EXPECT_TRUE(S_ISLNK(sys::stat_fd(link->borrow())->st_mode));
  }
}

TEST_P(RootTest, ParentIsWithinAndTheNameIsOneComponent) {
  const auto place = root().parent("absolute/new/");
  ASSERT_TRUE(place);
  EXPECT_EQ(place->name, "new");
  ASSERT_TRUE(sys::make_dir_at(place->dir.borrow(), place->name.c_str(), 0755));
  EXPECT_TRUE(stdfs::is_directory(top_ / "root/dir/new"));
  for (const char* path : {"", "/", ".", "..", "dir/..", "dir/.", "dir//./"})
    EXPECT_FALSE(root().parent(path)) << path;
  EXPECT_FALSE(root().parent("escape/x"));
}

TEST_P(RootTest, MakeDirectoriesStaysInside) {
  EXPECT_TRUE(root().make_directories("a/b/c", 0755));
  EXPECT_TRUE(root().make_directories("/absolute/x/y", 0755));
  EXPECT_TRUE(root().make_directories("../../up", 0755));
  EXPECT_TRUE(stdfs::is_directory(top_ / "root/dir/x/y"));
  EXPECT_TRUE(stdfs::is_directory(top_ / "root/up"));
  EXPECT_FALSE(root().make_directories("host/x", 0755));
  EXPECT_FALSE(root().make_directories("dir/file/x", 0755));
  EXPECT_TRUE(stdfs::is_empty(top_ / "root/a/b/c"));
  EXPECT_FALSE(stdfs::exists(top_ / "canary/x"));
}

TEST_P(RootTest, CreatesOnlyInside) {
  EXPECT_TRUE(root().open("dir/new", O_WRONLY | O_CREAT | O_EXCL, 0600));
  EXPECT_TRUE(stdfs::exists(top_ / "root/dir/new"));
  EXPECT_FALSE(root().open("host", O_WRONLY | O_CREAT | O_EXCL, 0600));
}

TEST_P(RootTest, ReadsRegularFilesOnlyAndNeverBlocks) {
  ASSERT_EQ(::mkfifo((top_ / "root/fifo").c_str(), 0600), 0);
  EXPECT_EQ(root().read_regular("fifo", 100).error().to_string(), "fifo is not a regular file");
  EXPECT_FALSE(root().read_regular("dir/file", 5));
  EXPECT_FALSE(root().read_regular(std::string_view("dir\0/file", 9), 100));
}

INSTANTIATE_TEST_SUITE_P(Resolvers, RootTest, testing::Values(Resolver::kOpenat2, Resolver::kWalk),
                         [](const auto& tested) {
                           return tested.param == Resolver::kWalk ? "Walk" : "Openat2";
                         });

TEST(SplitLast, IgnoresTrailingSlashes) {
  EXPECT_EQ(split_last("a/b/"), std::pair(std::string_view("a"), std::string_view("b")));
  EXPECT_EQ(split_last("a"), std::pair(std::string_view(""), std::string_view("a")));
  EXPECT_EQ(split_last("//").second, "");
}

}  // namespace
}  // namespace planet::fs
