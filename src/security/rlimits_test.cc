#include "security/rlimits.h"

#include <gtest/gtest.h>

namespace planet::security {
namespace {

TEST(ParseUlimit, TakesDockersSyntax) {
  const auto both = parse_ulimit("nofile=1024:2048");
  ASSERT_TRUE(both);
  EXPECT_EQ(both->type, "RLIMIT_NOFILE");
  EXPECT_EQ(both->soft, 1024U);
  EXPECT_EQ(both->hard, 2048U);
  EXPECT_EQ(parse_ulimit("core=0")->hard, 0U);
  EXPECT_EQ(parse_ulimit("memlock=-1")->hard, ~0ULL);
  for (const char* bad :
       {"", "nofile", "nofile=", "nofile=x", "what=1", "nofile=2:1", "nofile=1:2:3", "nofile=1 "})
    EXPECT_FALSE(parse_ulimit(bad)) << bad;
}

TEST(ApplyRlimit, SaysWhatIsMissing) {
  EXPECT_FALSE(apply_rlimit(0, {.type = "RLIMIT_WHAT"}));
}

}  // namespace
}  // namespace planet::security
