#include "engine/sharing.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

TEST(ParseSharing, TakesTheWordsOfDocker) {
  EXPECT_EQ(*parse_sharing("--pid", "host"), "host");
  EXPECT_EQ(*parse_sharing("--pid", "container:web"), "container:web");
  EXPECT_EQ(*parse_sharing("--uts", "container:web"), "container:web");
  EXPECT_EQ(*parse_sharing("--network", "container:web"), "container:web");
  EXPECT_EQ(*parse_sharing("--ipc", "private"), "");
  EXPECT_EQ(*parse_sharing("--ipc", "host"), "host");
  for (const char* good : {"shareable", "none", "container:web"})
    EXPECT_EQ(*parse_sharing("--ipc", good), good);
  for (const char* flag : {"--pid", "--uts", "--network", "--ipc"})
    for (const char* bad : {"", "container:", "container", "Host", "ns:/proc/1/ns/pid", "hostile"})
      EXPECT_FALSE(parse_sharing(flag, bad)) << flag << " " << bad;
  EXPECT_FALSE(parse_sharing("--pid", "private"));
  EXPECT_FALSE(parse_sharing("--network", "web"));
}

}  // namespace
}  // namespace planet::engine
