#include "engine/parse_mounts.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ParseVolume, TakesPathsAndOptions) {
  const auto volume = parse_volume("./data:/srv:ro,rslave", "/home/me");
  ASSERT_TRUE(volume);
  EXPECT_EQ(volume->kind, VolumeKind::kBind);
  EXPECT_EQ(volume->source, "/home/me/./data");
  EXPECT_EQ(volume->destination, "/srv");
  EXPECT_THAT(volume->options, ElementsAre("rbind", "rro", "rslave"));
}

TEST(ParseVolume, TakesNamesAndNone) {
  const auto named = parse_volume("data:/srv:nocopy,ro", "/");
  ASSERT_TRUE(named);
  EXPECT_EQ(named->kind, VolumeKind::kVolume);
  EXPECT_EQ(named->source, "data");
  EXPECT_FALSE(named->copy_up);
  EXPECT_THAT(named->options, ElementsAre("rbind", "rro"));
  const auto anonymous = parse_volume("/srv", "/");
  ASSERT_TRUE(anonymous);
  EXPECT_EQ(anonymous->kind, VolumeKind::kVolume);
  EXPECT_EQ(anonymous->source, "");
}

TEST(ParseVolume, RefusesTheRest) {
  for (const char* bad :
       {"",         "a",        "/a:b",     "/a:/",         "/a:/b:what",      "/a:/b:ro:x",
        ":/b",      "/a://",    "/a:/b/..", "/a:/../.",     "/a:/b:ro,rw",     "x:/b",
        "a/b:/c",   "..a:/b",   "-a:/b",    "/a:/b:nocopy", "data:/b:rshared", "/",
        "da ta:/b", "data\n:/b"})
    EXPECT_FALSE(parse_volume(bad, "/")) << bad;
}

Result<RunRequest> mounted(const char* text) {
  RunRequest request;
  TRY(parse_mount(text, "/here", request));
  return request;
}

TEST(ParseMount, TakesBindVolumeAndTmpfs) {
  auto bind = mounted("type=bind,source=./a,target=/b,readonly");
  ASSERT_TRUE(bind);
  EXPECT_EQ(bind->volumes.at(0).source, "/here/./a");
  EXPECT_THAT(bind->volumes.at(0).options, ElementsAre("rbind", "rro"));
  bind = mounted("type=bind,src=/a,dst=/b,bind-nonrecursive,bind-propagation=rslave,ro=true");
  ASSERT_TRUE(bind);
  EXPECT_THAT(bind->volumes.at(0).options, ElementsAre("bind", "rslave", "rro"));
  bind = mounted("type=bind,src=/a,dst=/b,readonly,bind-recursive=writable");
  EXPECT_THAT(bind->volumes.at(0).options, ElementsAre("rbind", "ro"));
  const auto volume = mounted(
      "src=data,dst=/b,volume-nocopy=true,volume-subpath=a/b,volume-label=x=y,volume-driver=local,"
      "volume-opt=o=bind,readonly=false");
  ASSERT_TRUE(volume) << volume.error().to_string();
  const Volume& made = volume->volumes.at(0);
  EXPECT_EQ(made.kind, VolumeKind::kVolume);
  EXPECT_EQ(made.source, "data");
  EXPECT_EQ(made.subpath, "a/b");
  EXPECT_FALSE(made.copy_up);
  EXPECT_EQ(made.labels.at("x"), "y");
  EXPECT_EQ(made.driver_options.at("o"), "bind");
  EXPECT_THAT(made.options, ElementsAre("rbind"));
  const auto tmpfs = mounted("type=tmpfs,dst=/t,tmpfs-size=1m,tmpfs-mode=1777");
  ASSERT_TRUE(tmpfs);
  EXPECT_THAT(tmpfs->tmpfs.at(0).options,
              ElementsAre("nosuid", "nodev", "noexec", "size=1048576", "mode=1777"));
  const auto anonymous = mounted("type=volume,dst=/b");
  ASSERT_TRUE(anonymous);
  EXPECT_EQ(anonymous->volumes.at(0).source, "");
}

TEST(ParseMount, AnImageIsReadOnly) {
  const auto image = mounted("type=image,src=example.org/a:1,dst=/b,image-subpath=usr/share,ro");
  ASSERT_TRUE(image) << image.error().to_string();
  const Volume& made = image->volumes.at(0);
  EXPECT_EQ(made.kind, VolumeKind::kImage);
  EXPECT_EQ(made.source, "example.org/a:1");
  EXPECT_EQ(made.subpath, "usr/share");
  EXPECT_THAT(made.options, ElementsAre("ro", "nosuid", "nodev"));
  EXPECT_TRUE(mounted("type=image,src=a,dst=/b,subpath=usr"));
}

TEST(ParseMount, QuotesKeepCommas) {
  const auto bind = mounted(R"(type=bind,"source=/a,b",target=/c)");
  ASSERT_TRUE(bind);
  EXPECT_EQ(bind->volumes.at(0).source, "/a,b");
  EXPECT_FALSE(mounted(R"(type=bind,"source=/a)"));
  EXPECT_FALSE(mounted(R"(type=bind,sou"rce=/a)"));
}

TEST(ParseMount, RefusesTheRest) {
  for (const char* bad : {"",
                          "type=bind",
                          "type=bind,source=/a",
                          "type=what,source=/a,target=/b",
                          "type=bind,source=/a,target=/b,x=y",
                          "type=tmpfs,source=/a,target=/b",
                          "type=bind,source=/a,target=/b,readonly=maybe",
                          "type=tmpfs,target=/b,tmpfs-mode=9",
                          "type=bind,source=a,target=/b",
                          "type=volume,source=a/b,target=/b",
                          "dst=x",
                          "dst=/",
                          "type=volume,src=data,dst=/b,bind-propagation=rslave",
                          "type=bind,src=/a,dst=/b,volume-nocopy",
                          "src=data,dst=/b,volume-subpath=../x",
                          "src=data,dst=/b,volume-subpath=/x",
                          "src=data,dst=/b,volume-subpath=",
                          "src=data,dst=/b,volume-subpath=a/../../b",
                          "src=data,dst=/b,volume-driver=nfs",
                          "type=bind,src=/a,dst=/b,bind-propagation=up",
                          "type=tmpfs,dst=/b,tmpfs-size=much",
                          "type=volume,dst",
                          "type=image,dst=/b",
                          "type=image,src=Bad:Name:x,dst=/b",
                          "type=image,src=a,dst=/b,ro=false",
                          "type=image,src=a,dst=/b,volume-nocopy",
                          "type=image,src=a,dst=/b,subpath=../x",
                          "type=bind,src=/a,dst=/b,subpath=x",
                          "type=tmpfs,dst=/b,subpath=x",
                          "type=bind,target=/b"})
    EXPECT_FALSE(mounted(bad)) << bad;
  EXPECT_THAT(mounted("type=bind,src=/a,dst=/b,volume-nocopy").error().to_string(),
              HasSubstr("options of volume-* are not for type \"bind\""));
}

TEST(ParseVolumesFrom, TakesAContainerAndAMode) {
  EXPECT_EQ(parse_volumes_from("web")->container, "web");
  EXPECT_FALSE(parse_volumes_from("web")->read_only);
  EXPECT_TRUE(parse_volumes_from("web:ro")->read_only);
  EXPECT_FALSE(parse_volumes_from("web:rw")->read_only);
  for (const char* bad : {"", ":ro", "web:", "web:x"}) EXPECT_FALSE(parse_volumes_from(bad)) << bad;
}

}  // namespace
}  // namespace planet::engine
