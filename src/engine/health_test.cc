#include "engine/health.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

Probe answer(int code) {
  return {.start = "s", .end = "e", .exit_code = code, .output = {}};
}

TEST(Health, SoManyFailuresInARowAreUnhealthy) {
  const HealthCheck check{.test = {"CMD", "x"}, .retries = 3};
  HealthState state;
  EXPECT_FALSE(note_probe(state, check, answer(1), false));
  EXPECT_FALSE(note_probe(state, check, answer(0), false));
  EXPECT_EQ(state.status, Health::kHealthy);
  EXPECT_FALSE(note_probe(state, check, answer(-1), false));
  EXPECT_FALSE(note_probe(state, check, answer(1), false));
  EXPECT_EQ(state.status, Health::kHealthy);
  EXPECT_TRUE(note_probe(state, check, answer(127), false));
  EXPECT_EQ(state.status, Health::kUnhealthy);
  EXPECT_FALSE(note_probe(state, check, answer(1), false));  // said once
  EXPECT_EQ(state.failing, 4);
  EXPECT_EQ(state.log.size(), 5U);
  EXPECT_FALSE(note_probe(state, check, answer(0), false));
  EXPECT_EQ(state.status, Health::kHealthy);
  EXPECT_EQ(state.failing, 0);
}

TEST(Health, TheStartPeriodForgives) {
  const HealthCheck check{.test = {"CMD", "x"}, .retries = 1};
  HealthState state;
  EXPECT_FALSE(note_probe(state, check, answer(1), true));
  EXPECT_EQ(state.status, Health::kStarting);
  EXPECT_FALSE(note_probe(state, check, answer(0), true));
  EXPECT_TRUE(note_probe(state, check, answer(1), true));  // it had started
}

}  // namespace
}  // namespace planet::engine
