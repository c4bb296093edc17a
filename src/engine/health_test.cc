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

constexpr std::int64_t kNs = 1'000'000'000;

TEST(PlanHealth, AWishIsOverTheImageIsOverTheDefaults) {
  const oci::ImageHealth image{
      .test = {"CMD", "probe"}, .interval = 5 * kNs, .timeout = 0, .start_period = 0, .retries = 7};
  const auto of_image = plan_health({}, image);
  ASSERT_TRUE(of_image);
  EXPECT_EQ(*of_image, (HealthCheck{.test = {"CMD", "probe"}, .interval_ms = 5000, .retries = 7}));
  const auto wished =
      plan_health({.test = {"CMD-SHELL", "mine"}, .interval_ms = 50, .retries = 1}, image);
  ASSERT_TRUE(wished);
  EXPECT_EQ(*wished, (HealthCheck{.test = {"CMD-SHELL", "mine"}, .interval_ms = 50, .retries = 1}));
  const auto none = plan_health({.none = true}, image);
  ASSERT_TRUE(none);
  EXPECT_TRUE(none->test.empty());
  EXPECT_TRUE(plan_health({}, {})->test.empty());
  EXPECT_TRUE(plan_health({}, {.test = {"NONE"}})->test.empty());
}

TEST(PlanHealth, AnImageDoesNotMakeItsHostBusy) {
  const auto check = plan_health(
      {}, {.test = {"CMD", "x"}, .interval = 1, .timeout = -5, .start_period = 1, .retries = -1});
  ASSERT_TRUE(check);
  EXPECT_EQ(*check, (HealthCheck{.test = {"CMD", "x"}, .interval_ms = 1000, .start_ms = 1000}));
}

TEST(PlanHealth, RefusesWhatItDoesNotKnow) {
  EXPECT_FALSE(plan_health({}, {.test = {"SOMETHING", "x"}}));
  EXPECT_FALSE(plan_health({}, {.test = {"CMD"}}));
  EXPECT_TRUE(plan_health({.none = true}, {.test = {"SOMETHING", "x"}}));
}

}  // namespace
}  // namespace planet::engine
