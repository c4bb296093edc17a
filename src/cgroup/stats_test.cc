#include "cgroup/stats.h"

#include <gtest/gtest.h>

namespace planet::cgroup {
namespace {

TEST(ParseCounters, PassesOverWhatIsNone) {
  const auto counters = parse_counters("user 12\nsystem 3\n\nword\nbad x\n");
  EXPECT_EQ(counters.size(), 2U);
  EXPECT_EQ(counters.at("system"), 3U);
}

TEST(ParseIo, TakesBothVersions) {
  const std::vector<IoEntry> want = {{.major = 8, .minor = 0, .operation = "Read", .value = 4096},
                                     {.major = 8, .minor = 0, .operation = "Write", .value = 7}};
  EXPECT_EQ(parse_io_v1("8:0 Read 4096\n8:0 Write 7\nTotal 4103\n"), want);
  EXPECT_EQ(parse_io_v2("8:0 rbytes=4096 wbytes=7 rios=1 wios=2 dbytes=0\n", "rbytes", "wbytes"),
            want);
  EXPECT_TRUE(parse_io_v2("", "rbytes", "wbytes").empty());
}

}  // namespace
}  // namespace planet::cgroup
