#include "image/pack.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "image/digest.h"
#include "image/extract.h"
#include "image/layer_stack.h"
#include "image/unpack.h"
#include "sys/file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

namespace stdfs = std::filesystem;

class PackTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "owners, devices and overlay attributes need root";
    std::string path = "/var/tmp/planet-pack-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    stdfs::create_directories(top_ / "from");
    stdfs::create_directories(top_ / "to");
  }
  void TearDown() override {
    if (!top_.empty()) stdfs::remove_all(top_);
  }

  UniqueFd open_dir(const char* name) {
    auto dir = sys::open_at(sys::kCwd, (top_ / name).c_str(), O_RDONLY | O_DIRECTORY);
    return dir ? *std::move(dir) : UniqueFd();
  }
  void write(const char* name, const std::string& text) {
    stdfs::create_directories((top_ / "from" / name).parent_path());
    std::ofstream(top_ / "from" / name) << text;
  }
  void set_time(const char* name, std::time_t seconds) {
    const timespec times[2] = {{.tv_sec = seconds, .tv_nsec = 5},
                               {.tv_sec = seconds, .tv_nsec = 5}};
    ASSERT_EQ(::utimensat(AT_FDCWD, (top_ / "from" / name).c_str(), times, AT_SYMLINK_NOFOLLOW), 0);
  }
  std::string whole(PackOptions options = {}) {
    const auto tar = pack(open_dir("from"), std::move(options));
    std::string text;
    while (true) {
      const auto piece = tar->next();
      EXPECT_TRUE(piece.has_value());
      if (!piece || piece->empty()) return text;
      text += *piece;
    }
  }
  std::string text_of(const char* name) {
    std::ifstream file(top_ / "to" / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  struct stat status(const char* name) {
    struct stat st{};
    ::lstat((top_ / "to" / name).c_str(), &st);
    return st;
  }
  Result<UnpackedLayer> unpack_into_to(PackOptions options) {
    const auto tar = pack(open_dir("from"), std::move(options));
    return unpack_layer(*tar, open_dir("to"), {});
  }

  stdfs::path top_;
};

TEST_F(PackTest, WhatIsPackedUnpacksToTheSame) {
  write("etc/hosts", "planet");
  ASSERT_EQ(::link((top_ / "from/etc/hosts").c_str(), (top_ / "from/etc/again").c_str()), 0);
  stdfs::create_symlink("hosts", top_ / "from/etc/link");
  ASSERT_EQ(::mkfifo((top_ / "from/pipe").c_str(), 0600), 0);
  write("bin/tool", std::string(300'000, 't'));
  ASSERT_EQ(::lchown((top_ / "from/bin/tool").c_str(), 12345, 54321), 0);
  ASSERT_EQ(::chmod((top_ / "from/bin/tool").c_str(), 04755), 0);
  set_time("bin/tool", 1'000'000'000);
  const auto tool = sys::open_at(sys::kCwd, (top_ / "from/bin/tool").c_str(), O_PATH);
  ASSERT_TRUE(sys::set_xattr(tool->borrow(), "user.note", "kept"));
  write("\xff\xfe", "a name that is no UTF-8");
  ASSERT_TRUE(unpack_into_to({}).has_value());
  EXPECT_EQ(text_of("etc/hosts"), "planet");
  EXPECT_EQ(status("etc/again").st_ino, status("etc/hosts").st_ino);
  EXPECT_EQ(stdfs::read_symlink(top_ / "to/etc/link"), "hosts");
  EXPECT_TRUE(S_ISFIFO(status("pipe").st_mode));
  EXPECT_EQ(text_of("bin/tool"), std::string(300'000, 't'));
  EXPECT_EQ(status("bin/tool").st_mode & 07777, 04755U);
  EXPECT_EQ(status("bin/tool").st_uid, 12345U);
  EXPECT_EQ(status("bin/tool").st_gid, 54321U);
  EXPECT_EQ(status("bin/tool").st_mtim.tv_sec, 1'000'000'000);
  EXPECT_EQ(text_of("\xff\xfe"), "a name that is no UTF-8");
  const auto made = sys::open_at(sys::kCwd, (top_ / "to/bin/tool").c_str(), O_PATH);
  EXPECT_EQ(*sys::get_xattr(made->borrow(), "user.note"), "kept");
}

TEST_F(PackTest, TheSameFilesGiveTheSameBytes) {
  const auto fill = [&](const std::vector<const char*>& order) {
    stdfs::remove_all(top_ / "from");
    for (const char* name : order) write(name, name);
    for (const char* name : {"a", "b/c", "b/d", "b", "."}) set_time(name, 1'500'000'000);
    return whole({.kind = PackKind::kLayer});
  };
  const std::string first = fill({"a", "b/c", "b/d"});
  const std::string second = fill({"b/d", "b/c", "a"});
  EXPECT_EQ(digest_of(first), digest_of(second));
  EXPECT_GT(first.size(), 2048U);
}

TEST_F(PackTest, RemovalsAndOpaqueDirectoriesBecomeThoseOfLayers) {
  stdfs::create_directories(top_ / "from/dir");
  ASSERT_EQ(::mknod((top_ / "from/dir/gone").c_str(), S_IFCHR, 0), 0);
  stdfs::create_directories(top_ / "from/new");
  const auto dir = sys::open_at(sys::kCwd, (top_ / "from/new").c_str(), O_PATH);
  ASSERT_TRUE(sys::set_xattr(dir->borrow(), kOpaqueXattr, "y"));
  ASSERT_TRUE(unpack_into_to({.kind = PackKind::kLayer}).has_value());
  EXPECT_TRUE(is_whiteout(status("dir/gone")));
  const auto made = sys::open_at(sys::kCwd, (top_ / "to/new").c_str(), O_PATH);
  EXPECT_TRUE(is_opaque(made->borrow()));
}

TEST_F(PackTest, ANameThatWouldRemoveAFileIsRefused) {
  write("dir/.wh.passwd", "x");
  const auto unpacked = unpack_into_to({.kind = PackKind::kLayer});
  ASSERT_FALSE(unpacked.has_value());
  EXPECT_NE(unpacked.error().to_string().find("dir/.wh.passwd"), std::string::npos);
}

TEST_F(PackTest, OwnersAreThoseInside) {
  write("mine", "x");
  write("others", "x");
  ASSERT_EQ(::lchown((top_ / "from/mine").c_str(), 1'879'048'192 + 33, 1'879'048'192), 0);
  ASSERT_EQ(::lchown((top_ / "from/others").c_str(), 7, 7), 0);
  const IdView ids{.base = 1'879'048'192, .count = 65536};
  ASSERT_TRUE(unpack_into_to({.ids = ids}).has_value());
  EXPECT_EQ(status("mine").st_uid, 33U);
  EXPECT_EQ(status("mine").st_gid, 0U);
  EXPECT_EQ(status("others").st_uid, IdView::kNobody);
}

TEST_F(PackTest, AFileThatIsMostlyHoleStaysOne) {
  const std::string path = top_ / "from/sparse";
  write("sparse", "begin");
  ASSERT_EQ(::truncate(path.c_str(), 1LL << 33), 0);
  const auto file = sys::open_at(sys::kCwd, path.c_str(), O_WRONLY);
  ASSERT_TRUE(sys::seek_to(file->borrow(), 1ULL << 32));
  ASSERT_TRUE(sys::write_all(file->borrow(), "middle"));
  write("empty", "");
  ASSERT_EQ(::truncate((top_ / "from/empty").c_str(), 1LL << 30), 0);
  const auto unpacked = unpack_into_to({});
  ASSERT_TRUE(unpacked.has_value()) << unpacked.error().to_string();
  EXPECT_EQ(status("sparse").st_size, 1LL << 33);
  EXPECT_LT(status("sparse").st_blocks, 1000);
  EXPECT_EQ(status("empty").st_size, 1LL << 30);
  std::ifstream made(top_ / "to/sparse");
  std::string middle(6, '\0');
  made.seekg(1LL << 32).read(middle.data(), 6);
  EXPECT_EQ(middle, "middle");
}

TEST_F(PackTest, TheTopsName) {
  write("file", "x");
  const std::string named = whole({.kind = PackKind::kLayer, .name = "dest"});
  EXPECT_TRUE(named.starts_with("dest/"));
  EXPECT_NE(named.find("dest/file"), std::string::npos);
  const std::string alone = whole({.kind = PackKind::kLayer, .top_entry = false});
  EXPECT_TRUE(alone.starts_with("file"));
}

TEST(CapabilityInside, LosesTheRootItWasGivenBy) {
  const IdView ids{.base = 0x70000000, .count = 65536};
  const std::string body(16, '\1');
  const std::string version2 = std::string("\x01\x00\x00\x02", 4) + body;
  const std::string version3 = std::string("\x01\x00\x00\x03", 4) + body;
  EXPECT_EQ(capability_inside(version2, ids), version2);
  EXPECT_EQ(capability_inside(version3 + std::string("\x00\x00\x00\x70", 4), ids), version2);
  EXPECT_EQ(capability_inside(version3 + std::string("\x01\x00\x00\x70", 4), ids), "");
  EXPECT_EQ(capability_inside("short", ids), "");
  EXPECT_EQ(capability_inside(version3, ids), "");
}

}  // namespace
}  // namespace planet::image
