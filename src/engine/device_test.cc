#include "engine/device.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

TEST(ParseDevice, TakesTheFormsOfDocker) {
  struct Case {
    const char* text;
    const char* host;
    const char* container;
    const char* access;
  };
  for (const Case& c : {Case{"/dev/fuse", "/dev/fuse", "/dev/fuse", "rwm"},
                        Case{"/dev/fuse:r", "/dev/fuse", "/dev/fuse", "r"},
                        Case{"/dev/fuse:/dev/a/b", "/dev/fuse", "/dev/a/b", "rwm"},
                        Case{"/dev/net/tun:/dev/tun:wr", "/dev/net/tun", "/dev/tun", "wr"}}) {
    const auto words = parse_device(c.text);
    ASSERT_TRUE(words) << words.error().to_string();
    EXPECT_EQ(words->host, c.host);
    EXPECT_EQ(words->container, c.container);
    EXPECT_EQ(words->access, c.access);
  }
}

TEST(ParseDevice, RefusesTheRest) {
  for (const char* text : {"",
                           ":",
                           "fuse",
                           "./fuse",
                           "/tmp/fuse",
                           "/dev",
                           "/dev/",
                           "/dev//fuse",
                           "/dev/../etc",
                           "/dev/.",
                           "/dev/a/..",
                           "/dev/fuse:",
                           "/dev/fuse:x",
                           "/dev/fuse:/fuse",
                           "/dev/fuse:/dev/../x",
                           "/dev/fuse:/dev/x:",
                           "/dev/fuse:/dev/x:q",
                           "/dev/fuse:/dev/x:rr",
                           "/dev/fuse:rwm:rwm",
                           "/dev/a:/dev/b:r:w"})
    EXPECT_FALSE(parse_device(text)) << text;
}

TEST(FindDevice, IsWhatTheHostHas) {
  const auto null = find_device("/dev/null:/dev/nothing:r");
  ASSERT_TRUE(null) << null.error().to_string();
  EXPECT_EQ(null->node.type, "c");
  EXPECT_EQ(null->node.path, "/dev/nothing");
  EXPECT_EQ(null->node.major, 1);
  EXPECT_EQ(null->node.minor, 3);
  EXPECT_EQ(null->access, "r");
  for (const char* text : {"/dev/no-such", "/dev/pts", "/dev/fd", "/dev/stdin/x"})
    EXPECT_FALSE(find_device(text)) << text;
}

}  // namespace
}  // namespace planet::engine
