#include "engine/detach_keys.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

TEST(DetachKeys, AreParsed) {
  EXPECT_EQ(parse_detach_keys("").value(), "\x10\x11");
  EXPECT_EQ(parse_detach_keys("ctrl-a,d").value(),
            "\x01"
            "d");
  EXPECT_EQ(parse_detach_keys("ctrl-\\,ctrl-_").value(), "\x1c\x1f");
  EXPECT_EQ(parse_detach_keys("ctrl-@").value(), std::string(1, '\0'));
  for (const char* bad : {"ctrl-", "ctrl-1", "ab", "a,", ",", "ctrl-ab"})
    EXPECT_FALSE(parse_detach_keys(bad)) << bad;
}

TEST(DetachKeys, AreFoundHoweverTheyCome) {
  DetachKeys keys("\x10\x11");
  bool found = false;
  EXPECT_EQ(keys.filter("ab\x10", found), "ab");
  EXPECT_EQ(keys.filter("c", found),
            "\x10"
            "c");
  EXPECT_EQ(keys.filter("\x10\x10", found), "\x10");
  EXPECT_FALSE(found);
  EXPECT_EQ(keys.filter("\x11rest", found), "");
  EXPECT_TRUE(found);
}

TEST(DetachKeys, WithoutAnyAllPasses) {
  DetachKeys none;
  bool found = false;
  EXPECT_EQ(none.filter("\x10\x11x", found), "\x10\x11x");
  EXPECT_FALSE(found);
}

}  // namespace
}  // namespace planet::engine
