#include "format/human.h"

#include <gtest/gtest.h>

#include "format/moment.h"

namespace planet::format {
namespace {

TEST(HumanTest, Sizes) {
  EXPECT_EQ(size_text(0), "0B");
  EXPECT_EQ(size_text(999), "999B");
  EXPECT_EQ(size_text(4'240'000), "4.24MB");
  EXPECT_EQ(size_text(1'234'567, 4), "1.235MB");
  EXPECT_EQ(size_text(~std::uint64_t{0}), "18.4EB");
}

TEST(HumanTest, DurationsAreDockers) {
  EXPECT_EQ(duration_text(0), "Less than a second");
  EXPECT_EQ(duration_text(1), "1 second");
  EXPECT_EQ(duration_text(59), "59 seconds");
  EXPECT_EQ(duration_text(61), "About a minute");
  EXPECT_EQ(duration_text(180), "3 minutes");
  EXPECT_EQ(duration_text(3600), "About an hour");
  EXPECT_EQ(duration_text(47 * 3600), "47 hours");
  EXPECT_EQ(duration_text(3 * 86400), "3 days");
  EXPECT_EQ(duration_text(20 * 86400), "2 weeks");
  EXPECT_EQ(duration_text(90 * 86400), "3 months");
  EXPECT_EQ(duration_text(800 * 86400), "2 years");
  EXPECT_EQ(ago("2006-01-01T00:00:00Z", 1'136'073'610 * kSecond), "10 seconds ago");
  EXPECT_EQ(ago("", 0), "N/A");
}

TEST(HumanTest, TerminalText) {
  EXPECT_EQ(terminal_text("a\\b\x1b\n\xff", false), "a\\b\\x1b\\x0a\\xff");
  EXPECT_EQ(terminal_text("a\n\tb\x7f", true), "a\n\tb\\x7f");
}

}  // namespace
}  // namespace planet::format
