#include "runtime/user_maps.h"

#include <gtest/gtest.h>

namespace planet::runtime {
namespace {

constexpr uid_t kUid = 1000;
constexpr const char* kGiven =
    "# a comment\n"
    "other:100000:65536\n"
    "me:200000:65536\n"
    "1000:500000:10\n"
    "me:nonsense:1\n"
    "me:4294967290:5\n";

struct Case {
  const char* why = "";
  std::vector<oci::IdMapping> map;
  std::optional<std::size_t> lacking;  // which entry
};

TEST(FirstNotGiven, NamesTheEntry) {
  const Case cases[] = {
      {"one's own id", {{0, kUid, 1}}, std::nullopt},
      {"by name", {{0, kUid, 1}, {1, 200000, 65536}}, std::nullopt},
      {"by number", {{0, 500003, 7}}, std::nullopt},
      {"one more than given", {{0, kUid, 1}, {1, 200000, 65537}}, 1},
      {"one before", {{0, 199999, 2}}, 0},
      {"somebody else's", {{0, 100000, 1}}, 0},
      {"one's own id and the next", {{0, kUid, 2}}, 0},
      {"the last id there is", {{0, 4294967294, 1}}, std::nullopt},
      {"over the end", {{0, 4294967294, 2}}, 0},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.why);
    const auto lacking = first_not_given(kGiven, "me", kUid, kUid, c.map);
    ASSERT_EQ(lacking.has_value(), c.lacking.has_value());
    if (lacking) {
      EXPECT_EQ(*lacking, c.map[*c.lacking]);
    }
  }
}

TEST(FirstNotGiven, AUserWithoutANameHasNoLineOfAnEmptyName) {
  EXPECT_TRUE(first_not_given(":100000:65536\n", "", kUid, kUid, {{0, 100000, 1}}));
  EXPECT_FALSE(first_not_given("1000:100000:65536\n", "", kUid, kUid, {{0, 100000, 1}}));
}

}  // namespace
}  // namespace planet::runtime
