#include "engine/user_match.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "security/id_map.h"

namespace planet::engine {
namespace {

using security::to_host;

constexpr std::uint32_t kBase = 1'000'000, kCount = 65536;

TEST(MatchMap, OwnerAndUserChangePlaces) {
  for (const auto& [owner, user] : {std::pair(501U, 1000U), std::pair(1000U, 501U),
                                    std::pair(0U, 1U), std::pair(1U, 0U), std::pair(65535U, 0U)}) {
    const auto map = match_map(owner, user, kBase, kCount);
    EXPECT_EQ(to_host(map, owner), kBase + user);
    EXPECT_EQ(to_host(map, user), kBase + owner);
    std::uint32_t all = 0;
    for (const oci::IdMapping& entry : map) all += entry.size;
    EXPECT_EQ(all, kCount);
    for (const std::uint32_t other : {2U, 500U, 502U, 999U, 1001U, 65534U})
      EXPECT_EQ(to_host(map, other), kBase + other);
  }
}

TEST(MatchMap, AnOwnerOfItsOwnNumberIsThePlainMap) {
  for (const std::uint32_t id : {0U, 1000U, 65535U}) {
    const auto map = match_map(id, id, kBase, kCount);
    for (const std::uint32_t other : {0U, 1U, 999U, 1000U, 1001U, 65535U})
      EXPECT_EQ(to_host(map, other), kBase + other);
    EXPECT_FALSE(to_host(map, kCount));
  }
}

TEST(MatchMap, AnOwnerBeyondTheRangeComesIn) {
  const auto map = match_map(1'234'567, 1000, kBase, kCount);
  EXPECT_EQ(to_host(map, 1'234'567), kBase + 1000);
  EXPECT_FALSE(to_host(map, 1000)) << "two files' owners must not become one";
  EXPECT_EQ(to_host(map, 0), kBase);
  EXPECT_EQ(to_host(map, 65535), kBase + 65535);
}

}  // namespace
}  // namespace planet::engine
