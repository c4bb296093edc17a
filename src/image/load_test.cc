// Loads archives into a store: the embedded image, and hostile ones built byte by byte.
#include "image/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "image/embedded.h"
#include "image/tar_builder.h"
#include "image/unpack.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/xattr.h"

namespace planet::image {
namespace {

namespace stdfs = std::filesystem;
using testing::HasSubstr;

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
  EXPECT_EQ(store_->list()->at(0).names, std::vector<std::string>{kEmbeddedName});
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

TEST_F(LoadTest, WhatLowerLayersHaveIsHiddenBelowAnOpaqueDirectory) {
  const stdfs::path layer =
      load_layers({{{.name = "d/sub/", .type = '5', .mode = 0700, .uid = 9}, {.name = "d/sub/old"}},
                   {{.name = "d/.wh..wh..opq"}, {.name = "d/sub/new"}}});
  const auto st = sys::lstat_at(sys::kCwd, (layer / "d/sub").c_str());
  EXPECT_EQ(st->st_mode & 07777U, 0755U);
  EXPECT_EQ(st->st_uid, 0U);
}

TEST_F(LoadTest, NoHardLinkToWhatIsHidden) {
  EXPECT_THAT(error_of(docker_archive({tar_of({{.name = "d/sub/old"}}),
                                       tar_of({{.name = "d/.wh..wh..opq"},
                                               {.name = "h", .type = '1', .link = "d/sub/old"}})})),
              HasSubstr("nowhere"));
}

// overlayfs merges the roots of all layers, whatever mark they bear.
TEST_F(LoadTest, AnOpaqueRootTakesTheLayersBelowAway) {
  load_layers({{{.name = "old"}, {.name = "./", .type = '5', .mode = 0700}},
               {{.name = ".wh..wh..opq"}, {.name = "new"}},
               {{.name = "newest"}}});
  const auto image = store_->resolve("t:1");
  EXPECT_EQ(image->chain.size(), 3U);
  ASSERT_EQ(image->layers.size(), 2U);
  EXPECT_TRUE(stdfs::exists(stdfs::path(image->layers[1]) / "new"));
  EXPECT_EQ(image->root_mode, 0755U) << "the root is new, too";
}

TEST_F(LoadTest, TheRootDirectoryIsAsTheTopmostLayerThatSaysSoHasIt) {
  load_layers({{{.name = "./", .type = '5', .mode = 0711, .uid = 3}},
               {{.name = "./", .type = '5', .mode = 0750, .uid = 4}, {.name = "a"}},
               {{.name = "b"}}});
  const auto image = store_->resolve("t:1");
  EXPECT_EQ(image->root_mode, 0750U);
  EXPECT_EQ(image->root_uid, 4U);
  EXPECT_EQ(image->root_gid, 4U);
}

TEST_F(LoadTest, AnIdPastTheUsualRangeIsRememberedWithItsEntry) {
  load_layers({{{.name = "a", .uid = 70'000}, {.name = "b", .uid = 65'535}}});
  EXPECT_EQ(store_->resolve("t:1")->max_id, 70'000U);
  EXPECT_EQ(store_->resolve("t:1")->max_id_entry, "a");
}

TEST_F(LoadTest, HolesStayHoles) {
  constexpr std::int64_t kHole = 1LL << 40;
  const PaxRecords sparse = {{"GNU.sparse.major", "1"},
                             {"GNU.sparse.minor", "0"},
                             {"GNU.sparse.name", "big"},
                             {"GNU.sparse.realsize", std::to_string(kHole)}};
  std::string data = "1\n512\n4\n";
  data.resize(512);
  data += "data";
  const stdfs::path layer = load_layers({{pax(sparse), {.name = "x", .content = data}},
                                         {{.name = "copy", .type = '1', .link = "big"}}});
  const auto st = sys::lstat_at(sys::kCwd, (layer / "copy").c_str());
  EXPECT_EQ(st->st_size, kHole);
  EXPECT_LT(st->st_blocks, 1024);
  const auto file = sys::open_at(sys::kCwd, (layer / "copy").c_str(), O_RDONLY);
  EXPECT_TRUE(sys::seek_to(file->borrow(), 512));
  std::string start(8, 'x');
  EXPECT_EQ(*sys::read_some(file->borrow(), start), 8U);
  EXPECT_EQ(start, std::string("data\0\0\0\0", 8));
}

TEST_F(LoadTest, ADirectoryThatWasReplacedIsNotWrittenTo) {
  const stdfs::path layer = load_layers({{{.name = "a/b/f"},
                                          {.name = "a", .type = '2', .link = "other"},
                                          {.name = "a/b/g", .content = "x"}}});
  EXPECT_TRUE(stdfs::is_symlink(layer / "a"));
  EXPECT_TRUE(stdfs::exists(layer / "other/b/g"));
}

TEST_F(LoadTest, OnlyHarmlessAttributesAreKept) {
  const PaxRecords records = {{"SCHILY.xattr.user.note", "kept"},
                              {"SCHILY.xattr.user.overlay.opaque", "y"},
                              {"SCHILY.xattr.trusted.overlay.redirect", "/../.."},
                              {"SCHILY.xattr.trusted.overlay.metacopy", ""},
                              {"SCHILY.xattr.security.selinux", "label"}};
  const stdfs::path layer = load_layers(
      {{pax(records), {.name = "f"}, pax(records), {.name = "l", .type = '2', .link = "x"}}});
  const auto file = sys::open_at(sys::kCwd, (layer / "f").c_str(), O_PATH);
  EXPECT_THAT(*sys::list_xattrs(file->borrow()), testing::ElementsAre("user.note"));
}

TEST_F(LoadTest, AfterAFailureNothingOfAnyImageIsThere) {
  const std::string good = tar_of({{.name = "good"}});
  const std::string bad = tar_of({{.name = "../bad"}});
  EXPECT_THAT(error_of(docker_archive({good, bad})), HasSubstr("layer 2: unpack ../bad"));
  EXPECT_TRUE(stdfs::is_empty(top_ / "store/blobs/sha256"));
  EXPECT_TRUE(stdfs::is_empty(top_ / "store/images"));
}

TEST_F(LoadTest, ALayerThatIsThereIsNotABlankChequeForAnotherBlob) {
  const std::string layer = tar_of({{.name = "f"}});
  const std::string other = tar_of({{.name = "other"}});
  ASSERT_TRUE(load(docker_archive({layer})));
  const auto lied = load(docker_archive({other}, "\"" + digest_of(layer).text() + "\""));
  ASSERT_FALSE(lied);
  EXPECT_THAT(lied.error().to_string(), HasSubstr("layer 1: its content has digest"));
  EXPECT_FALSE(stdfs::exists(top_ / "store/blobs/sha256" / digest_of(other).hex()));
}

TEST_F(LoadTest, ALoadHealsADamagedBlob) {
  const std::string layer = tar_of({{.name = "f"}});
  ASSERT_TRUE(load(docker_archive({layer})));
  const stdfs::path blob = top_ / "store/blobs/sha256" / digest_of(layer).hex();
  std::ofstream(blob) << "damaged";
  ASSERT_TRUE(load(docker_archive({layer})));
  EXPECT_EQ(digest_of(*sys::read_file_at(sys::kCwd, blob.c_str())).hex(), blob.filename());
}

TEST_F(LoadTest, TwoMembersOfOneNameMustBeTheSame) {
  const std::string archive = docker_archive({tar_of({{.name = "f"}})});
  const std::string members = archive.substr(0, archive.size() - 1024);
  EXPECT_THAT(error_of(tar_member({.name = "manifest.json", .content = "[]"}) + archive),
              HasSubstr("two files of this name"));
  EXPECT_THAT(
      error_of(tar_member({.name = "./config.json", .type = '2', .link = "/etc/passwd"}) + archive),
      HasSubstr("two files of this name"));
  EXPECT_THAT(error_of(tar_member({.name = "../manifest.json", .content = "[]"}) + archive),
              HasSubstr("leads out of the archive"));
  EXPECT_TRUE(load(members + archive)) << "the same files once more";
}

TEST_F(LoadTest, WhatADeadLoadHasLeftGoesWithTheNext) {
  const stdfs::path dead = top_ / "store/staging/dead";
  const stdfs::path alive = top_ / "store/staging/alive";
  stdfs::create_directories(dead / "layer-x/fs/deep");
  std::ofstream(dead / "0") << "blob";
  stdfs::create_directories(alive / "layer-y");
  {
    const auto lock = sys::open_at(sys::kCwd, alive.c_str(), O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(sys::lock_exclusive(lock->borrow()));
    ASSERT_TRUE(load(docker_archive({tar_of({{.name = "f"}})})));
    EXPECT_FALSE(stdfs::exists(dead));
    EXPECT_TRUE(stdfs::exists(alive / "layer-y")) << "somebody works there";
  }
  ASSERT_TRUE(load(docker_archive({tar_of({{.name = "f"}})})));
  EXPECT_FALSE(stdfs::exists(alive));
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
              HasSubstr("neither a tar archive"));
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
