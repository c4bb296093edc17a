// Loads archives into a store: the embedded image, and hostile ones built byte by byte.
#include "image/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "image/embedded.h"
#include "image/unpack.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

namespace stdfs = std::filesystem;
using testing::HasSubstr;

// One ustar header with what a test wants to say; no library, so that it can lie.
struct Member {
  std::string name;
  char type = '0';
  std::string content;
  std::string link;
  unsigned mode = 0644;
  unsigned major = 0, minor = 0;
  unsigned uid = 0;
};

void put(std::string& header, std::size_t at, const std::string& text) {
  header.replace(at, text.size(), text);
}

std::string octal(std::uint64_t value, int digits) {
  std::string text(static_cast<std::size_t>(digits), '0');
  for (int i = digits; i-- > 0; value >>= 3)
    text[static_cast<std::size_t>(i)] = static_cast<char>('0' + (value & 7));
  return text;
}

std::string tar_member(const Member& member) {
  std::string header(512, '\0');
  put(header, 0, member.name.substr(0, 100));
  put(header, 100, octal(member.mode, 7));
  put(header, 108, octal(member.uid, 7));
  put(header, 116, octal(member.uid, 7));
  put(header, 124, octal(member.content.size(), 11));
  put(header, 136, octal(1'000'000, 11));
  put(header, 148, "        ");
  header[156] = member.type;
  put(header, 157, member.link.substr(0, 100));
  put(header, 257,
      std::string("ustar\0"
                  "00",
                  8));
  put(header, 329, octal(member.major, 7));
  put(header, 337, octal(member.minor, 7));
  unsigned sum = 0;
  for (const char c : header) sum += static_cast<unsigned char>(c);
  put(header, 148, octal(sum, 6) + std::string("\0 ", 2));
  std::string padded = member.content;
  padded.resize((padded.size() + 511) / 512 * 512);
  return header + padded;
}

std::string tar_of(const std::vector<Member>& members) {
  std::string text;
  for (const Member& member : members) text += tar_member(member);
  return text + std::string(1024, '\0');
}

std::string docker_archive(const std::vector<std::string>& layers, std::string diff_ids = "") {
  std::vector<Member> members;
  std::string names;
  for (const std::string& layer : layers) {
    const std::string name = digest_of(layer).hex() + ".tar";
    if (!names.empty()) names += ",";
    names += "\"" + name + "\"";
    members.push_back({.name = name, .content = layer});
  }
  if (diff_ids.empty())
    for (const std::string& layer : layers)
      diff_ids += (diff_ids.empty() ? "\"" : ",\"") + digest_of(layer).text() + "\"";
  const std::string config =
      R"({"architecture":"amd64","os":"linux","config":{"Cmd":["sh"]},"rootfs":{"type":"layers","diff_ids":[)" +
      diff_ids + "]}}";
  members.push_back({.name = "config.json", .content = config});
  members.push_back(
      {.name = "manifest.json",
       .content = R"([{"Config":"config.json","RepoTags":["t:1"],"Layers":[)" + names + "]}]"});
  return tar_of(members);
}

class LoadTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "layers hold owners and devices: root only";
    std::string path = "/var/tmp/planet-load-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    stdfs::create_directory(top_ / "canary");
    std::ofstream(top_ / "canary/secret") << "secret";
    auto store = Store::open(top_ / "store");
    ASSERT_TRUE(store) << store.error().to_string();
    store_.emplace(*std::move(store));
  }
  void TearDown() override {
    if (top_.empty()) return;
    EXPECT_TRUE(stdfs::is_empty(top_ / "store/staging")) << "nothing half made is left";
    EXPECT_EQ(std::distance(stdfs::directory_iterator(top_ / "canary"), {}), 1);
    EXPECT_EQ(*sys::read_file_at(sys::kCwd, (top_ / "canary/secret").c_str()), "secret");
    stdfs::remove_all(top_);
  }

  Result<std::vector<Loaded>> load(const std::string& archive) {
    auto file = sys::sealed_memory_file("archive", archive);
    EXPECT_TRUE(sys::seek_to(file->borrow(), 0));
    return load_archive(*store_, file->borrow(), "", {});
  }
  std::string error_of(const std::string& archive) {
    const auto loaded = load(archive);
    if (!loaded) {
      EXPECT_TRUE(store_->list()->empty());
      EXPECT_TRUE(stdfs::is_empty(top_ / "store/layers"));
    }
    return loaded ? "" : loaded.error().to_string();
  }
  std::string error_of_layer(const std::vector<Member>& members) {
    return error_of(docker_archive({tar_of(members)}));
  }
  // Loads the layers and returns the directory of the topmost.
  stdfs::path load_layers(const std::vector<std::vector<Member>>& layers) {
    std::vector<std::string> tars;
    for (const auto& members : layers) tars.push_back(tar_of(members));
    const auto loaded = load(docker_archive(tars));
    EXPECT_TRUE(loaded) << loaded.error().to_string();
    return store_->resolve("t:1")->layers.front();
  }

  stdfs::path top_;
  std::optional<Store> store_;
};

TEST_F(LoadTest, TheEmbeddedImageIsThereWhenAskedFor) {
  EXPECT_FALSE(store_->resolve("busybox"));
  const auto image = resolve_or_embedded(*store_, "busybox");
  ASSERT_TRUE(image) << image.error().to_string();
  EXPECT_EQ(image->config.cmd, std::vector<std::string>{"sh"});
  EXPECT_TRUE(stdfs::exists(stdfs::path(image->layers.at(0)) / "bin/busybox"));
  EXPECT_EQ(store_->list()->at(0).name, kEmbeddedName);
  EXPECT_EQ(store_->resolve(image->config_digest.substr(0, 12))->digest, image->digest);
  EXPECT_THAT(*sys::read_file_at(store_->dir(), "index.json"),
              HasSubstr("localhost/busybox:latest"));
  EXPECT_FALSE(resolve_or_embedded(*store_, "debian"));
}

TEST_F(LoadTest, ADockerArchiveIsLoadedUnderItsName) {
  const stdfs::path layer =
      load_layers({{{.name = "dir/", .type = '5', .mode = 0750},
                    {.name = "dir/file", .content = "text", .mode = 04755, .uid = 7},
                    {.name = "link", .type = '2', .link = "/dir/file"},
                    {.name = "hard", .type = '1', .link = "dir/file"},
                    {.name = "fifo", .type = '6'},
                    {.name = "null", .type = '3', .major = 1, .minor = 3}}});
  const auto st = sys::lstat_at(sys::kCwd, (layer / "dir/file").c_str());
  EXPECT_EQ(st->st_mode & 07777U, 04755U);
  EXPECT_EQ(st->st_uid, 7U);
  EXPECT_EQ(st->st_nlink, 2U);
  EXPECT_EQ(st->st_mtim.tv_sec, 1'000'000);
  EXPECT_EQ(sys::lstat_at(sys::kCwd, (layer / "dir").c_str())->st_mtim.tv_sec, 1'000'000);
  EXPECT_EQ(stdfs::read_symlink(layer / "link"), "/dir/file");
  EXPECT_EQ(store_->resolve("docker.io/library/t:1")->max_id, 7U);
}

TEST_F(LoadTest, WhiteoutsAndOpaqueDirectoriesBecomeOverlayfss) {
  const stdfs::path layer = load_layers(
      {{{.name = "a/", .type = '5'}, {.name = "a/x"}, {.name = "b/", .type = '5'}, {.name = "b/y"}},
       {{.name = "a/.wh.x"},
        {.name = "b/.wh..wh..opq"},
        {.name = "b/new"},
        {.name = ".wh..wh.plnk"}}});
  const auto gone = sys::lstat_at(sys::kCwd, (layer / "a/x").c_str());
  EXPECT_TRUE(S_ISCHR(gone->st_mode) && gone->st_rdev == 0);
  const auto dir = sys::open_at(sys::kCwd, (layer / "b").c_str(), O_PATH);
  EXPECT_EQ(*sys::get_xattr(dir->borrow(), "trusted.overlay.opaque"), "y");
  EXPECT_TRUE(stdfs::exists(layer / "b/new"));
  EXPECT_FALSE(stdfs::exists(layer / ".wh..wh.plnk"));
}

TEST_F(LoadTest, ARemovedAndRemadeNameIsWhatThisLayerMade) {
  const stdfs::path layer = load_layers({{{.name = "d/", .type = '5'}, {.name = "d/old"}},
                                         {{.name = ".wh.d"},
                                          {.name = "d/", .type = '5'},
                                          {.name = "d/new"},
                                          {.name = "e"},
                                          {.name = ".wh.e"}}});
  const auto dir = sys::open_at(sys::kCwd, (layer / "d").c_str(), O_PATH);
  EXPECT_EQ(*sys::get_xattr(dir->borrow(), "trusted.overlay.opaque"), "y");
  EXPECT_TRUE(S_ISREG(sys::lstat_at(sys::kCwd, (layer / "e").c_str())->st_mode))
      << "in either order";
}

TEST_F(LoadTest, AParentThatIsOnlyImpliedKeepsItsAttributes) {
  const stdfs::path layer = load_layers({{{.name = "srv/", .type = '5', .mode = 0701, .uid = 33}},
                                         {{.name = "srv/deep/file", .content = "x"}}});
  const auto st = sys::lstat_at(sys::kCwd, (layer / "srv").c_str());
  EXPECT_EQ(st->st_mode & 07777U, 0701U);
  EXPECT_EQ(st->st_uid, 33U);
  EXPECT_EQ(st->st_mtim.tv_sec, 1'000'000);
  EXPECT_EQ(sys::lstat_at(sys::kCwd, (layer / "srv/deep").c_str())->st_mode & 07777U, 0755U);
}

TEST_F(LoadTest, AnEntryBehindALinkOfALowerLayerGoesWhereTheLinkPoints) {
  const stdfs::path layer = load_layers(
      {{{.name = "usr/lib/", .type = '5'}, {.name = "lib", .type = '2', .link = "usr/lib"}},
       {{.name = "lib/module", .content = "x"}}});
  EXPECT_TRUE(stdfs::exists(layer / "usr/lib/module"));
  EXPECT_FALSE(stdfs::exists(layer / "lib")) << "the link of the lower layer stays";
}

TEST_F(LoadTest, AHardLinkToALowerLayersFileIsACopyWithBothNames) {
  const stdfs::path layer =
      load_layers({{{.name = "bin/", .type = '5'},
                    {.name = "bin/tool", .content = "tool", .mode = 0755, .uid = 5}},
                   {{.name = "bin/other", .type = '1', .link = "bin/tool"}}});
  EXPECT_EQ(*sys::read_file_at(sys::kCwd, (layer / "bin/other").c_str()), "tool");
  const auto st = sys::lstat_at(sys::kCwd, (layer / "bin/tool").c_str());
  EXPECT_EQ(st->st_nlink, 2U);
  EXPECT_EQ(st->st_uid, 5U);
  EXPECT_EQ(st->st_mode & 07777U, 0755U);
}

struct EvilLayer {
  const char* want;
  std::vector<Member> members;
};

TEST_F(LoadTest, RefusesWhatLeadsOutOrIsNoLayer) {
  const std::string canary = top_ / "canary";
  const std::vector<EvilLayer> evil = {
      {"its name leads out of the layer", {{.name = "../x"}}},
      {"its name leads out of the layer", {{.name = "a/../../x"}}},
      {"its name leads out of the layer",
       {{.name = "h", .type = '1', .link = "../../canary/secret"}}},
      {"which is no file", {{.name = "d/", .type = '5'}, {.name = "h", .type = '1', .link = "d"}}},
      {"it links to a file that is nowhere", {{.name = "h", .type = '1', .link = "none"}}},
      {"it links to a file that is nowhere",
       {{.name = "h", .type = '1', .link = canary + "/secret"}}},
      {"device 0:0", {{.name = "w", .type = '3'}}},
      {"it removes no file", {{.name = ".wh."}}},
      {"it removes no file", {{.name = ".wh..."}}},
      {"the layer's root is not a directory", {{.name = "./", .type = '2', .link = "/"}}},
      {"is not a directory", {{.name = "f"}, {.name = "f/x"}}},
      {"too many links", {{.name = "l", .type = '2', .link = "l"}, {.name = "l/x"}}},
  };
  for (const EvilLayer& layer : evil)
    EXPECT_THAT(error_of_layer(layer.members), HasSubstr(layer.want));
}

TEST_F(LoadTest, WhatPointsOutStaysInside) {
  const std::string canary = top_ / "canary";
  const stdfs::path layer = load_layers({{{.name = "/abs", .content = "x"},
                                          {.name = "d", .type = '2', .link = canary},
                                          {.name = "d/f", .content = "x"},
                                          {.name = "up", .type = '2', .link = "../../../.."},
                                          {.name = "up/g", .content = "x"},
                                          {.name = "d/.wh.secret"},
                                          {.name = "s", .type = '2', .link = canary + "/secret"},
                                          {.name = "s", .content = "replaced"}}});
  EXPECT_TRUE(stdfs::exists(layer / "abs"));
  EXPECT_TRUE(stdfs::exists(layer / canary.substr(1) / "f")) << "the link is resolved inside";
  EXPECT_TRUE(stdfs::exists(layer / "g"));
  EXPECT_TRUE(stdfs::is_regular_file(stdfs::symlink_status(layer / "s")));
}

TEST_F(LoadTest, ALyingArchiveIsRefused) {
  const std::string layer = tar_of({{.name = "f"}});
  EXPECT_THAT(error_of(docker_archive({layer}, "\"" + digest_of("other").text() + "\"")),
              HasSubstr("its content has digest"));
  EXPECT_THAT(error_of(docker_archive({layer}, "\"sha256:../../x\"")),
              HasSubstr("is not a digest"));
  EXPECT_THAT(error_of(docker_archive({layer}, "\"" + digest_of(layer).text() + "\",\"" +
                                                   digest_of(layer).text() + "\"")),
              HasSubstr("names 2 layers, the manifest 1"));
  EXPECT_THAT(error_of(tar_of({{.name = "x"}})), HasSubstr("it is no image archive"));
  EXPECT_THAT(error_of("this is no archive at all, but it is long enough to be looked at"),
              HasSubstr("damaged"));
  EXPECT_THAT(error_of(std::string("\xfd"
                                   "7zXZ\0 rest",
                                   11)),
              HasSubstr("xz or bzip2"));
  EXPECT_THAT(error_of(std::string("\x1f\x8b not gzip at all")),
              HasSubstr("the gzip data is damaged"));
  const std::string good = docker_archive({layer});
  EXPECT_NE(error_of(good.substr(0, 700)), "");
  for (std::size_t at = 0; at < layer.size(); at += 13) {
    std::string bad = layer;
    bad[at] = static_cast<char>(bad[at] ^ 0x55);
    EXPECT_NE(error_of(docker_archive({bad}, "\"" + digest_of(layer).text() + "\"")), "") << at;
  }
}

}  // namespace
}  // namespace planet::image
