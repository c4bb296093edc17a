#include "format/filter.h"

#include <gtest/gtest.h>

namespace planet::format {
namespace {

TEST(FilterTest, ValuesOfOneKeyAreAlternatives) {
  const auto filters = Filters::parse({"name=a", "name=b", "status = up"}, {"name", "status"});
  ASSERT_TRUE(filters);
  EXPECT_TRUE(filters->equals("name", "a"));
  EXPECT_TRUE(filters->equals("name", "b"));
  EXPECT_FALSE(filters->equals("name", "c"));
  EXPECT_TRUE(filters->equals("status", "up"));
  EXPECT_TRUE(filters->equals("absent", "anything"));
}

TEST(FilterTest, EveryLabelCounts) {
  const std::map<std::string, std::string> labels = {{"a", "1"}, {"b", ""}};
  const auto fits = [&](const std::vector<std::string>& texts) {
    return Filters::parse(texts, {"label", "label!"}).value().labels_fit(labels);
  };
  EXPECT_TRUE(fits({"label=a", "label=b"}));
  EXPECT_TRUE(fits({"label=a=1"}));
  EXPECT_FALSE(fits({"label=a=2"}));
  EXPECT_FALSE(fits({"label=a", "label=c"}));
  EXPECT_FALSE(fits({"label!=a"}));
  EXPECT_TRUE(fits({"label!=c", "label!=a=2"}));
}

TEST(FilterTest, WhatItDoesNotKnowItRefuses) {
  EXPECT_EQ(Filters::parse({"x"}, {"name"}).error().to_string(),
            "--filter \"x\": expected KEY=VALUE");
  EXPECT_EQ(Filters::parse({"x=y"}, {"name", "label", "label!"}).error().to_string(),
            "--filter \"x=y\": there is no filter \"x\" here, only name, label");
  const auto odd = Filters::parse({"dangling=maybe"}, {"dangling"});
  EXPECT_EQ(odd->truth("dangling").error().to_string(),
            "--filter \"dangling=maybe\": expected true or false");
  const auto both = Filters::parse({"dangling=1", "dangling=false"}, {"dangling"});
  EXPECT_FALSE(both->truth("dangling"));
  EXPECT_EQ(Filters::parse({"dangling=0"}, {"dangling"})->truth("dangling").value(), false);
  EXPECT_EQ(Filters::parse({}, {"dangling"})->truth("dangling").value(), std::nullopt);
}

TEST(FilterTest, Patterns) {
  EXPECT_TRUE(fits_pattern("busy*", "busybox"));
  EXPECT_TRUE(fits_pattern("*", ""));
  EXPECT_TRUE(fits_pattern("*box", "busybox"));
  EXPECT_TRUE(fits_pattern("b?sy*x", "busybox"));
  EXPECT_TRUE(fits_pattern("*/*:1*", "a/b:12"));
  EXPECT_TRUE(fits_pattern("[a-c]x[^z]", "bxy"));
  EXPECT_TRUE(fits_pattern("\\*", "*"));
  EXPECT_TRUE(fits_pattern("?", "ä"));
  EXPECT_FALSE(fits_pattern("*", "a/b"));
  EXPECT_FALSE(fits_pattern("?", "/"));
  EXPECT_FALSE(fits_pattern("busy", "busybox"));
  EXPECT_FALSE(fits_pattern("[a", "a"));
  EXPECT_FALSE(fits_pattern("", "a"));
  // Backtracking does not explode.
  EXPECT_FALSE(fits_pattern("a*a*a*a*a*a*a*a*a*a*b", std::string(5000, 'a')));
}

TEST(FilterTest, NamesAreExpressions) {
  const auto fits = [](const char* value, std::string_view name) {
    return Filters::parse({std::string("name=") + value}, {"name"})->matches("name", name);
  };
  EXPECT_TRUE(fits("we", "web"));
  EXPECT_TRUE(fits("^web$", "web"));
  EXPECT_TRUE(fits("^(db|web)[0-9]+$", "web12"));
  EXPECT_FALSE(fits("^web$", "web2"));
  EXPECT_FALSE(fits("[", "web"));
  EXPECT_TRUE(fits("[", "["));
  EXPECT_TRUE(Filters().matches("name", "web"));
}

TEST(MomentTest, Durations) {
  EXPECT_EQ(parse_duration("1h30m").value(), 5400 * kSecond);
  EXPECT_EQ(parse_duration("1.5s").value(), 1'500'000'000);
  EXPECT_EQ(parse_duration("-300ms").value(), -300'000'000);
  EXPECT_EQ(parse_duration("2us3ns").value(), 2003);
  EXPECT_EQ(parse_duration("0").value(), 0);
  for (const char* bad :
       {"", "5", "1x", "h", "1h ", "--1s", "1s-2s", "1e99h", "nan", "infs", "99999999h"})
    EXPECT_FALSE(parse_duration(bad)) << bad;
}

TEST(MomentTest, Times) {
  const Moment from = 2'000'000'000 * kSecond;
  EXPECT_EQ(parse_moment("10s", from).value(), from - 10 * kSecond);
  EXPECT_EQ(parse_moment("1136073600.5", from).value(), 1'136'073'600 * kSecond + kSecond / 2);
  EXPECT_EQ(parse_moment("2006-01-01T00:00:00Z", from).value(), 1'136'073'600 * kSecond);
  EXPECT_EQ(parse_moment("2006-01-01T02:00:00.000000001+02:00", from).value(),
            1'136'073'600 * kSecond + 1);
  EXPECT_EQ(parse_rfc3339("2006-01-01T00:00:00Z").value(), 1'136'073'600 * kSecond);
  EXPECT_TRUE(parse_moment("2006-01-01", from));
  EXPECT_TRUE(parse_moment("2006-01-01T10:00", from));
  for (const char* bad : {"yesterday", "2006-13-01", "2006-01-01T25:00:00Z",
                          "2006-01-01T00:00:00+2", "2006-01-01x", "1.2.3", "-5", "", "2006-1-1"})
    EXPECT_FALSE(parse_moment(bad, from)) << bad;
  EXPECT_FALSE(parse_rfc3339("2006-01-01T00:00:00"));
}

}  // namespace
}  // namespace planet::format
