#include "fs/walk.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "sys/file.h"

namespace planet::fs {
namespace {

namespace stdfs = std::filesystem;

class WalkTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/tmp/planet-walk-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
  }
  void TearDown() override { stdfs::remove_all(top_); }
  UniqueFd open_top(const char* below = "") {
    auto top = sys::open_at(sys::kCwd, (top_ / below).c_str(), O_PATH | O_NOFOLLOW);
    return top ? *std::move(top) : UniqueFd();
  }
  stdfs::path top_;
};

TEST_F(WalkTest, GoesDirectoryFirstAndByBytes) {
  stdfs::create_directories(top_ / "b/deep");
  std::ofstream(top_ / "b/deep/file") << "x";
  std::ofstream(top_ / "a") << "x";
  std::ofstream(top_ / "b.txt") << "x";
  stdfs::create_directory_symlink("/etc", top_ / "c");
  TreeWalk walk(open_top());
  std::vector<std::string> seen;
  while (true) {
    auto entry = walk.next();
    ASSERT_TRUE(entry.has_value());
    if (!*entry) break;
    seen.push_back((*entry)->path);
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"", "a", "b", "b/deep", "b/deep/file", "b.txt", "c"}));
}

TEST_F(WalkTest, LeavesOutWhatIsRemovedAndWhatIsNotWanted) {
  for (const char* dir : {"gone", "kept", "skipped"}) {
    stdfs::create_directory(top_ / dir);
    std::ofstream(top_ / dir / "file") << "x";
  }
  TreeWalk walk(open_top());
  std::vector<std::string> seen;
  while (true) {
    auto entry = walk.next();
    ASSERT_TRUE(entry.has_value());
    if (!*entry) break;
    seen.push_back((*entry)->path);
    if (seen.back().empty()) continue;
    if (seen.size() == 2) stdfs::remove(top_ / "gone/file");  // while the walk stands on "gone"
    if (seen.back() == "skipped") walk.skip_below();
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"", "gone", "kept", "kept/file", "skipped"}));
}

TEST_F(WalkTest, AFileAloneIsItsOwnTop) {
  stdfs::create_symlink("/nowhere", top_ / "link");
  TreeWalk walk(open_top("link"));
  const auto first = walk.next();
  ASSERT_TRUE(first && *first);
  EXPECT_TRUE(S_ISLNK((*first)->st.st_mode));
  const auto second = walk.next();
  ASSERT_TRUE(second.has_value());
  EXPECT_FALSE(second->has_value());
}

TEST_F(WalkTest, RefusesADepthThatWouldTakeAllDescriptors) {
  auto here = sys::open_at(sys::kCwd, top_.c_str(), O_PATH);
  for (int i = 0; i < 300; ++i) {
    ASSERT_TRUE(sys::make_dir_at(here->borrow(), "d", 0700));
    here = sys::open_at(here->borrow(), "d", O_PATH);
  }
  TreeWalk walk(open_top());
  for (int i = 0; i <= 300; ++i) {
    const auto entry = walk.next();
    if (entry) continue;
    EXPECT_EQ(entry.error().code(), Code::kInvalidArgument);
    return;
  }
  FAIL() << "it went down to the end";
}

TEST(KernelsOwn, IsProcAndNotAFile) {
  const auto proc = sys::open_at(sys::kCwd, "/proc/self", O_PATH);
  const auto tmp = sys::open_at(sys::kCwd, "/tmp", O_PATH);
  EXPECT_TRUE(is_kernels_own(proc->borrow()));
  EXPECT_FALSE(is_kernels_own(tmp->borrow()));
}

}  // namespace
}  // namespace planet::fs
