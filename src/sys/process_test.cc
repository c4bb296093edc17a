#include "sys/process.h"

#include <gtest/gtest.h>

#include <ctime>

namespace planet::sys {
namespace {

TEST(NowText, IsTheTimeOfGreenwich) {
  const std::time_t before = std::time(nullptr);
  const std::string text = now_text();
  const std::time_t after = std::time(nullptr);
  std::tm parts{};
  const char* rest = ::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts);
  ASSERT_NE(rest, nullptr) << text;
  EXPECT_EQ(text.size(), 30U) << text;
  EXPECT_EQ(*rest, '.');
  EXPECT_EQ(text.back(), 'Z');
  const std::time_t said = ::timegm(&parts);
  EXPECT_LE(before, said + 1);
  EXPECT_LE(said, after);
}

}  // namespace
}  // namespace planet::sys
