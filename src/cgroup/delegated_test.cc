#include "cgroup/delegated.h"

#include <gtest/gtest.h>

namespace planet::cgroup {
namespace {

TEST(OwnBase, IsTheOwnGroupOrTheOneAboveTheLeaf) {
  const std::pair<const char*, const char*> cases[] = {
      {"0::/user.slice/a.scope\n", "/user.slice/a.scope"},
      {"0::/user.slice/a.scope/planet-callers\n", "/user.slice/a.scope"},
      {"0::/a/my-planet-callers\n", "/a/my-planet-callers"},
      {"12:pids:/b\n1:name=systemd:/c\n0::/with:colon\n", "/with:colon"},
      {"0::/\n", ""},
      {"0::/planet-callers\n", ""},
      {"4:memory:/only/v1\n", ""},
      {"", ""}};
  for (const auto& [text, want] : cases) EXPECT_EQ(own_base(text), want) << text;
}

TEST(MayMake, RefusesWhatIsNoPath) {
  const auto host = Host::open();
  if (!host) GTEST_SKIP() << "no control groups here";
  for (const char* path : {"", "/", "/a/../b"}) {
    const auto may = may_make(*host, path);
    ASSERT_FALSE(may) << path;
    EXPECT_EQ(may.error().code(), Code::kInvalidArgument);
  }
}

}  // namespace
}  // namespace planet::cgroup
