#include "sys/file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

namespace planet::sys {
namespace {

class FileTest : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "/planet-file-XXXXXX";
    ASSERT_NE(::mkdtemp(path_.data()), nullptr);
    auto dir = open_at(kCwd, path_.c_str(), O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(dir);
    dir_ = *std::move(dir);
  }
  void TearDown() override { std::filesystem::remove_all(path_); }

  BorrowedFd dir() const { return dir_.borrow(); }

 private:
  std::string path_;
  UniqueFd dir_;
};

TEST_F(FileTest, ReplaceFileLeavesOnlyTheNewContent) {
  ASSERT_TRUE(replace_file_at(dir(), "state", "old", 0600));
  ASSERT_TRUE(replace_file_at(dir(), "state", "new", 0600, Durable::kYes));
  EXPECT_EQ(*read_file_at(dir(), "state"), "new");
  EXPECT_THAT(*list_dir(dir()), testing::ElementsAre("state"));
}

TEST_F(FileTest, ACopyHasTheHolesOfTheOriginal) {
  constexpr std::uint64_t kLong = 1ULL << 40;
  const auto from = open_at(dir(), "from", O_RDWR | O_CREAT, 0600);
  ASSERT_TRUE(seek_to(from->borrow(), 1U << 20));
  ASSERT_TRUE(write_all(from->borrow(), "data"));
  ASSERT_TRUE(set_length(from->borrow(), kLong));
  const auto to = open_at(dir(), "to", O_RDWR | O_CREAT, 0600);
  ASSERT_TRUE(copy_file(from->borrow(), to->borrow()));
  EXPECT_EQ(stat_fd(to->borrow())->st_size, static_cast<off_t>(kLong));
  EXPECT_LT(stat_fd(to->borrow())->st_blocks, 1024);
  ASSERT_TRUE(seek_to(to->borrow(), 1U << 20));
  std::string four(4, ' ');
  EXPECT_EQ(*read_some(to->borrow(), four), 4U);
  EXPECT_EQ(four, "data");
}

TEST_F(FileTest, FreeSpaceIsNoMoreThanAll) {
  const auto space = free_space(dir());
  ASSERT_TRUE(space);
  EXPECT_GT(space->all_bytes, 0U);
  EXPECT_LE(space->bytes, space->all_bytes);
  EXPECT_LE(space->inodes, space->all_inodes);
}

TEST_F(FileTest, ReadIsBounded) {
  ASSERT_TRUE(replace_file_at(dir(), "big", std::string(10000, 'x'), 0600));
  EXPECT_EQ(read_file_at(dir(), "big", 10000)->size(), 10000U);
  EXPECT_EQ(read_file_at(dir(), "big", 9999).error().to_string(), "read big: more than 9999 bytes");
}

TEST_F(FileTest, ErrorsNameTheCallAndTheFile) {
  EXPECT_EQ(read_file_at(dir(), "none").error().to_string(),
            "open none: No such file or directory");
}

TEST_F(FileTest, RemoveTreeTakesADeepTreeAndLeavesWhatLinksPointTo) {
  ASSERT_TRUE(make_dir_at(dir(), "keep", 0755));
  ASSERT_TRUE(replace_file_at(dir(), "keep/file", "x", 0600));
  ASSERT_TRUE(make_dir_at(dir(), "tree", 0755));
  auto level = open_at(dir(), "tree", O_RDONLY | O_DIRECTORY);
  for (int depth = 0; depth < 3000; ++depth) {
    ASSERT_TRUE(symlink_at("/", level->borrow(), "link"));
    ASSERT_TRUE(make_dir_at(level->borrow(), "d", 0755));
    level = open_at(level->borrow(), "d", O_RDONLY | O_DIRECTORY);
  }
  ASSERT_TRUE(symlink_at("../keep", dir(), "tree/out"));
  const Result<> removed = remove_tree_at(dir(), "tree");
  EXPECT_TRUE(removed) << removed.error().to_string();
  EXPECT_THAT(*list_dir(dir()), testing::ElementsAre("keep"));
  EXPECT_TRUE(exists_at(dir(), "keep/file"));
  EXPECT_TRUE(remove_tree_at(dir(), "tree")) << "what is not there is no error";
}

TEST_F(FileTest, MakeDirectoriesMakesTheParents) {
  ASSERT_TRUE(make_directories(dir(), "a/b/c", 0700));
  ASSERT_TRUE(make_directories(dir(), "a/b/c", 0700));
  EXPECT_TRUE(exists_at(dir(), "a/b/c"));
}

TEST_F(FileTest, OwnerModeAndTimesOfAnOPathDescriptor) {
  ASSERT_TRUE(replace_file_at(dir(), "f", "x", 0600));
  const auto file = open_at(dir(), "f", O_PATH | O_NOFOLLOW);
  ASSERT_TRUE(change_mode(file->borrow(), 0640));
  ASSERT_TRUE(change_owner(file->borrow(), ::getuid(), ::getgid()));
  ASSERT_TRUE(
      change_times(file->borrow(), {{.tv_sec = 1, .tv_nsec = 0}, {.tv_sec = 2, .tv_nsec = 0}}));
  const auto st = lstat_at(dir(), "f");
  EXPECT_EQ(st->st_mode & 07777U, 0640U);
  EXPECT_EQ(st->st_mtim.tv_sec, 2);
}

TEST(LockByte, IsForOneByteAndAsLongAsTheFileIsOpen) {
  const std::string path = "/tmp/planet-lock-" + std::to_string(::getpid());
  const auto open = [&] { return open_at(kCwd, path.c_str(), O_RDWR | O_CREAT, 0600); };
  auto first = open();
  const auto second = open();
  ASSERT_TRUE(first && second);
  ASSERT_TRUE(lock_byte(first->borrow(), 1ULL << 59));
  EXPECT_FALSE(try_lock_byte(second->borrow(), 1ULL << 59));
  EXPECT_TRUE(try_lock_byte(second->borrow(), (1ULL << 59) + 1));
  first->reset();
  EXPECT_TRUE(try_lock_byte(second->borrow(), 1ULL << 59));
  EXPECT_TRUE(unlink_at(kCwd, path.c_str()));
}

}  // namespace
}  // namespace planet::sys
