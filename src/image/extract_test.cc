#include "image/extract.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "image/tar_builder.h"
#include "sys/file.h"

namespace planet::image {
namespace {

namespace stdfs = std::filesystem;

class TextSource : public ByteSource {
 public:
  explicit TextSource(std::string text) : text_(std::move(text)) {}
  Result<std::string_view> next() override {
    if (std::exchange(given_, true)) return std::string_view();
    return std::string_view(text_);
  }

 private:
  std::string text_;
  bool given_ = false;
};

class ExtractTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/tmp/planet-extract-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    stdfs::create_directories(top_ / "in");
    stdfs::create_directories(top_ / "outside");
    std::ofstream(top_ / "outside/secret") << "secret";
  }
  void TearDown() override { stdfs::remove_all(top_); }

  Result<std::uint64_t> extract_all(const std::vector<Member>& members, bool powerless = false) {
    auto dir = sys::open_at(sys::kCwd, (top_ / "in").c_str(), O_PATH | O_DIRECTORY);
    TextSource tar(tar_of(members));
    ExtractOptions options;
    options.owner = Owner{.uid = ::geteuid(), .gid = ::getegid()};
    options.powerless = powerless;
    options.warn = [&](const std::string& what) { warned_.push_back(what); };
    return extract(tar, *std::move(dir), std::move(options));
  }
  std::string text_of(const stdfs::path& name) {
    std::ifstream file(top_ / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  bool outside_is_untouched() {
    std::size_t count = 0;
    for (const auto& entry : stdfs::directory_iterator(top_ / "outside")) count += entry.exists();
    return count == 1 && text_of("outside/secret") == "secret";
  }

  stdfs::path top_;
  std::vector<std::string> warned_;
};

TEST_F(ExtractTest, MakesWhatTheArchiveSays) {
  const auto bytes = extract_all({{.name = "dir/", .type = '5', .mode = 0750},
                                  {.name = "dir/file", .content = "text", .mode = 0640},
                                  {.name = "dir/link", .type = '2', .link = "file"},
                                  {.name = "hard", .type = '1', .link = "dir/file"},
                                  {.name = "missing/parent", .content = "x"}});
  ASSERT_TRUE(bytes.has_value()) << bytes.error().to_string();
  EXPECT_EQ(*bytes, 5U);
  EXPECT_EQ(text_of("in/dir/link"), "text");
  EXPECT_EQ(stdfs::hard_link_count(top_ / "in/hard"), 2U);
  EXPECT_EQ(stdfs::status(top_ / "in/dir").permissions(), stdfs::perms(0750));
  struct stat st{};
  ASSERT_EQ(::stat((top_ / "in/dir").c_str(), &st), 0);
  EXPECT_EQ(st.st_mtim.tv_sec, 1'000'000);  // not changed by what was put into it
}

struct Hostile {
  const char* why;
  std::vector<Member> members;
};

TEST_F(ExtractTest, NothingLeadsOutOfTheDirectory) {
  stdfs::create_directory_symlink(top_ / "outside", top_ / "in/there");
  const std::string outside = top_ / "outside";
  const Hostile cases[] = {
      {"through the archive's link",
       {{.name = "l", .type = '2', .link = outside}, {.name = "l/secret", .content = "x"}}},
      {"with a slash",
       {{.name = "l", .type = '2', .link = outside},
        {.name = "l/", .type = '5'},
        {.name = "l/new", .content = "x"}}},
      {"through a link that is there", {{.name = "there/secret", .content = "x"}}},
      {"upwards", {{.name = "../outside/secret", .content = "x"}}},
      {"upwards within", {{.name = "a/../../outside/secret", .content = "x"}}},
      {"by a hard link upwards", {{.name = "h", .type = '1', .link = "../outside/secret"}}},
      {"by a hard link through a link", {{.name = "h", .type = '1', .link = "there/secret"}}},
      {"a directory for a link",
       {{.name = "there", .type = '5'}, {.name = "there/new", .content = "x"}}},
  };
  for (const Hostile& c : cases) {
    SCOPED_TRACE(c.why);
    EXPECT_FALSE(extract_all(c.members).has_value());
    EXPECT_TRUE(outside_is_untouched());
  }
  // A file takes the place of a link, and not of what the link points to.
  ASSERT_TRUE(extract_all({{.name = "there", .content = "mine"}}).has_value());
  EXPECT_EQ(text_of("in/there"), "mine");
  EXPECT_TRUE(outside_is_untouched());
}

TEST_F(ExtractTest, AbsoluteNamesAreBelowTheDirectory) {
  ASSERT_TRUE(extract_all({{.name = "/etc/x", .content = "x"}}).has_value());
  EXPECT_EQ(text_of("in/etc/x"), "x");
}

TEST_F(ExtractTest, KindsAreNotExchanged) {
  stdfs::create_directories(top_ / "in/dir");
  std::ofstream(top_ / "in/file") << "x";
  EXPECT_FALSE(extract_all({{.name = "dir", .content = "x"}}).has_value());
  EXPECT_FALSE(extract_all({{.name = "file", .type = '5'}}).has_value());
  EXPECT_TRUE(stdfs::is_directory(top_ / "in/dir"));
  EXPECT_TRUE(stdfs::is_regular_file(top_ / "in/file"));
}

TEST_F(ExtractTest, DirectoriesThatAreThereStayAsTheyAre) {
  stdfs::create_directories(top_ / "in/dir");
  stdfs::permissions(top_ / "in/dir", stdfs::perms(0700));
  ASSERT_TRUE(extract_all({{.name = "dir/", .type = '5', .mode = 0777},
                           {.name = "./", .type = '5', .mode = 0777}})
                  .has_value());
  EXPECT_EQ(stdfs::status(top_ / "in/dir").permissions(), stdfs::perms(0700));
}

TEST_F(ExtractTest, NoDevicesAndNoPower) {
  ASSERT_TRUE(extract_all({{.name = "disk", .type = '4', .major = 8},
                           {.name = "tool", .content = "x", .mode = 06755}},
                          true)
                  .has_value());
  EXPECT_FALSE(stdfs::exists(top_ / "in/disk"));
  EXPECT_EQ(warned_.size(), 1U);
  EXPECT_EQ(stdfs::status(top_ / "in/tool").permissions(), stdfs::perms(0755));
}

}  // namespace
}  // namespace planet::image
