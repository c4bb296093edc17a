#include "engine/restart_policy.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

TEST(Restarts, WaitLongerEachTimeUntilARunIsLong) {
  Restarts restarts({.when = Restart::kAlways});
  for (const int wait : {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000})
    EXPECT_EQ(restarts.next(0, 9'999), wait);
  EXPECT_EQ(restarts.next(1, 10'000), 100);
  EXPECT_EQ(restarts.next(1, 0), 200);
  EXPECT_EQ(restarts.count(), 14);
}

TEST(Restarts, OnFailureSoManyTimes) {
  Restarts restarts({.when = Restart::kOnFailure, .most = 2});
  EXPECT_EQ(restarts.next(1, 0), 100);
  EXPECT_EQ(restarts.next(137, 0), 200);
  EXPECT_EQ(restarts.next(1, 0), -1);
  EXPECT_EQ(restarts.count(), 2);
  Restarts fine({.when = Restart::kOnFailure});
  EXPECT_EQ(fine.next(3, 0), 100);
  EXPECT_EQ(fine.next(0, 0), -1);
}

TEST(Restarts, NeverUnlessAsked) {
  Restarts restarts({});
  EXPECT_EQ(restarts.next(1, 0), -1);
  restarts.change({.when = Restart::kUnlessStopped});
  EXPECT_EQ(restarts.next(0, 0), 100);
}

}  // namespace
}  // namespace planet::engine
