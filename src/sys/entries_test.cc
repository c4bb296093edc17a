#include "sys/entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <cerrno>

#include "sys/file.h"

namespace planet::sys {
namespace {

class EntriesTest : public testing::Test {
 protected:
  void SetUp() override { ASSERT_NE(::mkdtemp(path_), nullptr); }
  void TearDown() override { EXPECT_TRUE(remove_tree_at(kCwd, path_)); }
  UniqueFd open() const { return *open_at(kCwd, path_, O_RDONLY | O_DIRECTORY); }

 private:
  char path_[32] = "/tmp/planet-entries-XXXXXX";
};

TEST_F(EntriesTest, AreThoseOfOneDirectory) {
  const UniqueFd dir = open();
  EXPECT_THAT(*read_names(open().borrow()), testing::IsEmpty());
  ASSERT_TRUE(make_dir_at(dir.borrow(), "below", 0755));
  ASSERT_TRUE(symlink_at("nowhere", dir.borrow(), "..."));
  ASSERT_TRUE(symlink_at("nowhere", dir.borrow(), "below/deeper"));
  EXPECT_THAT(*read_names(dir.borrow()), testing::UnorderedElementsAre("below", "..."));
  EXPECT_THAT(*read_names(dir.borrow()), testing::IsEmpty());
}

TEST_F(EntriesTest, MayBeMoreThanOneCallBrings) {
  const UniqueFd dir = open();
  std::vector<std::string> made;
  for (int i = 0; i < 100; ++i) {
    made.push_back(std::string(250, 'n') + std::to_string(i));
    ASSERT_TRUE(symlink_at("nowhere", dir.borrow(), made.back().c_str()));
  }
  EXPECT_THAT(*read_names(dir.borrow()), testing::UnorderedElementsAreArray(made));
}

TEST_F(EntriesTest, AreNoneOfADirectoryThatIsGone) {
  const UniqueFd dir = open();
  ASSERT_TRUE(make_dir_at(dir.borrow(), "below", 0755));
  const auto below = open_at(dir.borrow(), "below", O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(unlink_at(dir.borrow(), "below", AT_REMOVEDIR));
  EXPECT_THAT(*read_names(below->borrow()), testing::IsEmpty());
}

TEST_F(EntriesTest, AreNotOfWhatIsNoDirectory) {
  const auto file = open_at(kCwd, "/dev/null", O_RDONLY);
  EXPECT_EQ(read_names(file->borrow()).error().sys_errno(), ENOTDIR);
}

}  // namespace
}  // namespace planet::sys
