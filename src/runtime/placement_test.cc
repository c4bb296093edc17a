#include "runtime/placement.h"

#include <gtest/gtest.h>

namespace planet::runtime {
namespace {

TEST(ParseNumbers, TakesNumbersAndRanges) {
  EXPECT_EQ(*parse_numbers("0-2,7"), (std::vector<unsigned>{0, 1, 2, 7}));
  EXPECT_EQ(*parse_numbers("5"), std::vector<unsigned>{5});
}

TEST(ParseNumbers, RefusesWhatIsNoList) {
  for (const char* bad : {"", "x", "3-1", "1,,2", "-1", "8192", "0-4294967295", "1-"})
    EXPECT_FALSE(parse_numbers(bad)) << bad;
}

}  // namespace
}  // namespace planet::runtime
