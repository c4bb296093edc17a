#include "security/users.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

namespace planet::security {
namespace {

constexpr std::string_view kPasswd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "web:x:33:33:web:/var/www:/bin/false\n"
    "1000:x:0:0:a name of digits:/evil:/bin/sh\n"
    "4294967296:x:0:0::/evil:/bin/sh\n"
    "broken:x:abc:0::/:/bin/sh\n"
    "short:x:5\n"
    "minus:x:-1:0::/:\n"
    "-2:x:0:0::/evil:/bin/sh\n";
constexpr std::string_view kGroup =
    "root:x:0:\n"
    "www:x:33:\n"
    "adm:x:4:web,root\n"
    "video:x:44:web\n"
    "bad:x:x:web\n"
    "-2:x:0:\n";

struct UserCase {
  const char* user;
  std::optional<std::pair<uid_t, gid_t>> want;  // none: refused
};

const UserCase kCases[] = {
    {"", {{0, 0}}},
    {"root", {{0, 0}}},
    {"1", {{1, 0}}},
    {"1:2", {{1, 2}}},
    {"33", {{33, 33}}},
    {"web", {{33, 33}}},
    {"web:adm", {{33, 4}}},
    {"00", {{0, 0}}},
    {"1000", {{1000, 0}}},
    {"4294967294", {{4294967294, 0}}},
    {":5", {}},
    {"1:", {}},
    {":", {}},
    {"1:2:3", {}},
    {"+0", {}},
    {"0x1", {}},
    {"1e1", {}},
    {"-1", {}},
    {"-2", {}},
    {"1:-2", {}},
    {"4294967295", {}},
    {"4294967296", {}},
    {"99999999999999999999", {}},
    {"1 ", {}},
    {" 1", {}},
    {"nobody", {}},
    {"web:nobody", {}},
    {"1000:4294967296", {}},
    {"broken", {}},
    {"short", {}},
    {"minus", {}},
};

TEST(ResolveUser, IsStrict) {
  for (const UserCase& c : kCases) {
    SCOPED_TRACE(c.user);
    const auto got = resolve_user(c.user, kPasswd, kGroup);
    ASSERT_EQ(got.has_value(), c.want.has_value());
    if (c.want) {
      EXPECT_EQ(got->uid, c.want->first);
      EXPECT_EQ(got->gid, c.want->second);
    }
  }
}

TEST(ResolveUser, FindsHomeAndGroups) {
  const auto web = resolve_user("web", kPasswd, kGroup);
  EXPECT_EQ(web->home, "/var/www");
  EXPECT_THAT(web->additional_gids, testing::ElementsAre(4, 44));
  EXPECT_THAT(resolve_user("33", kPasswd, kGroup)->additional_gids, testing::ElementsAre(4, 44));
  EXPECT_THAT(resolve_user("web:www", kPasswd, kGroup)->additional_gids, testing::IsEmpty());
  EXPECT_EQ(resolve_user("77", kPasswd, kGroup)->home, "/");
  EXPECT_EQ(home_of(33, kPasswd), "/var/www");
}

TEST(ResolveGroups, TakesNamesAndNumbers) {
  EXPECT_THAT(*resolve_groups({"44", "www", "7"}, kGroup), testing::ElementsAre(44, 33, 7));
  EXPECT_THAT(*resolve_groups({}, kGroup), testing::IsEmpty());
  for (const char* bad : {"", "no-such", "-1", "4294967295"})
    EXPECT_FALSE(resolve_groups({"44", bad}, kGroup)) << bad;
  EXPECT_FALSE(resolve_groups(std::vector<std::string>(65537, "44"), kGroup));
}

TEST(ResolveUser, ALongLineCostsNoMoreThanItsLength) {
  std::string group = "big:x:7:";
  for (int i = 0; i < 500'000; ++i) group += "member,";
  group += "web\n";
  EXPECT_THAT(resolve_user("web", kPasswd, group)->additional_gids, testing::ElementsAre(7));
}

}  // namespace
}  // namespace planet::security
