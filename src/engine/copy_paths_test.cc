#include "engine/copy_paths.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "engine/copy.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

namespace stdfs = std::filesystem;

// A root with dir/ dir/file file fifo, and links to-dir, to-file, dangling (to "made"), out ("../../outside"), loop.
class CopyPathsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/tmp/planet-copy-paths-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    stdfs::create_directories(top_ / "root/dir");
    stdfs::create_directories(top_ / "outside");
    std::ofstream(top_ / "root/dir/file") << "x";
    std::ofstream(top_ / "root/file") << "x";
    ASSERT_EQ(::mkfifo((top_ / "root/fifo").c_str(), 0600), 0);
    stdfs::create_symlink("/dir", top_ / "root/to-dir");
    stdfs::create_symlink("file", top_ / "root/to-file");
    stdfs::create_symlink("dir/made", top_ / "root/dangling");
    stdfs::create_symlink("../../outside/made", top_ / "root/out");
    stdfs::create_symlink("loop", top_ / "root/loop");
  }
  void TearDown() override { stdfs::remove_all(top_); }
  fs::Root root() {
    auto dir = sys::open_at(sys::kCwd, (top_ / "root").c_str(), O_PATH | O_DIRECTORY);
    return fs::Root(dir ? *std::move(dir) : UniqueFd());
  }
  // The directory below the root that a descriptor is, as text.
  std::string where(BorrowedFd dir) {
    const auto path =
        sys::read_link_at(sys::kCwd, ("/proc/self/fd/" + std::to_string(dir.get())).c_str());
    return path ? path->substr((top_ / "root").string().size()) : "?";
  }
  stdfs::path top_;
};

struct TargetCase {
  const char* why;
  const char* source;
  const char* target;
  const char* dir;  // none: an error
  const char* name = "";
};

const TargetCase kTargets[] = {
    {"file to a new name", "file", "new", "", "new"},
    {"file into a directory", "file", "dir", "/dir", "file"},
    {"file into a directory, with a slash", "file", "dir/", "/dir", "file"},
    {"file over a file", "file", "dir/file", "/dir", "file"},
    {"file to a directory that is not there", "file", "new/", nullptr},
    {"file below what is not there", "file", "no/such", nullptr},
    {"file with a slash behind it", "file/", "new", nullptr},
    {"file over a file with a slash", "file", "dir/file/", nullptr},
    {"file over a FIFO", "file", "fifo", nullptr},
    {"directory to a new name", "dir", "new", "", "new"},
    {"directory to a new name with a slash", "dir", "new/", "", "new"},
    {"contents to a new name", "dir/.", "new", "", "new"},
    {"directory into a directory", "dir", "to-dir", "/dir", "dir"},
    {"contents into a directory", "dir/.", "dir", "/dir", ""},
    {"the root's contents", "/", "dir", "/dir", ""},
    {"directory on a file", "dir", "file", nullptr},
    {"over a link's file", "dir/file", "to-file", "", "file"},
    {"through a dangling link", "file", "dangling", "/dir", "made"},
    {"a link that leads out stays inside", "file", "out", nullptr},
    {"a circle", "file", "loop", nullptr},
    {"to nowhere", "file", "", "", "file"},
};

TEST_F(CopyPathsTest, TargetsAsDockerHasThem) {
  for (const TargetCase& c : kTargets) {
    SCOPED_TRACE(c.why);
    const fs::Root at = root();
    const auto target = [&]() -> Result<CopyTarget> {
      TRY_SET(const CopySource source, find_source(at, c.source, false));
      return find_target(at, c.target, source);
    }();
    ASSERT_EQ(target.has_value(), c.dir != nullptr) << (target ? "" : target.error().to_string());
    if (c.dir == nullptr) continue;
    EXPECT_EQ(where(target->dir.borrow()), c.dir);
    EXPECT_EQ(target->name, c.name);
  }
  EXPECT_TRUE(stdfs::is_empty(top_ / "outside"));
}

TEST_F(CopyPathsTest, ALinkIsCopiedAsOneUnlessFollowed) {
  const fs::Root at = root();
  const auto link = find_source(at, "to-dir", false);
  ASSERT_TRUE(link.has_value());
  EXPECT_FALSE(link->directory);
  for (const auto& [path, follow] :
       {std::pair("to-dir", true), {"to-dir/", false}, {"to-dir/.", false}}) {
    const auto followed = find_source(at, path, follow);
    ASSERT_TRUE(followed.has_value());
    EXPECT_TRUE(followed->directory);
  }
  EXPECT_EQ(find_source(at, "nothing", false).error().code(), Code::kNotFound);
}

struct PlaceCase {
  const char* text;
  std::optional<std::pair<const char*, const char*>> place;
};

TEST(CopyPlaces, AreTakenApart) {
  const PlaceCase cases[] = {
      {"web:/etc", {{"web", "/etc"}}},
      {"web:etc", {{"web", "etc"}}},
      {"/a:b", {{"", "/a:b"}}},
      {"./a:b", {{"", "./a:b"}}},
      {"../a:b", {{"", "../a:b"}}},
      {"-", {{"", "-"}}},
      {"a", {{"", "a"}}},
      {":/etc", std::nullopt},
      {"web:", std::nullopt},
      {"web:a:b", {{"web", "a:b"}}},
  };
  for (const PlaceCase& c : cases) {
    SCOPED_TRACE(c.text);
    const auto place = parse_copy_place(c.text);
    ASSERT_EQ(place.has_value(), c.place.has_value());
    if (!place) continue;
    EXPECT_EQ(place->container, c.place->first);
    EXPECT_EQ(place->path, c.place->second);
  }
}

}  // namespace
}  // namespace planet::engine
