#include "security/id_map.h"

#include <gtest/gtest.h>

namespace planet::security {
namespace {

using Map = std::vector<oci::IdMapping>;

TEST(IdMap, TranslatesAndPrints) {
  const Map map = {{0, 1000, 1}, {1, 100000, 10}};
  EXPECT_EQ(id_map_text(map), "0 1000 1\n1 100000 10\n");
  EXPECT_EQ(to_host(map, 0), 1000U);
  EXPECT_EQ(to_host(map, 10), 100009U);
  EXPECT_FALSE(to_host(map, 11));
}

TEST(ParseIdMap, ReadsWhatTheKernelShows) {
  const auto map =
      parse_id_map("         0     100000      65536\n     65536          7          1\n");
  ASSERT_TRUE(map) << map.error().to_string();
  ASSERT_EQ(map->size(), 2U);
  EXPECT_EQ(to_host(*map, 0), 100000U);
  EXPECT_EQ(to_host(*map, 65536), 7U);
  EXPECT_EQ(to_host(*map, 65537), std::nullopt);
  for (const char* bad : {"0 1", "0 1 2 3", "a 1 2", ""}) EXPECT_FALSE(parse_id_map(bad)) << bad;
}

}  // namespace
}  // namespace planet::security
