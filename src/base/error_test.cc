#include "base/error.h"

#include <gtest/gtest.h>

#include <cerrno>

namespace planet {
namespace {

Result<int> half(int number) {
  if (number % 2 != 0) return fail(Code::kInvalidArgument, "odd number");
  return number / 2;
}

Result<int> quarter(int number) {
  TRY_SET(const int halved, half(number), "halve once");
  TRY(half(halved), "halve twice");
  return halved / 2;
}

TEST(Error, GrowsOutwardIntoOneSentence) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().to_string(), "halve twice: odd number");
  EXPECT_EQ(quarter(3).error().code(), Code::kInvalidArgument);
}

TEST(Error, CarriesErrnoAndItsText) {
  const Error error = Error::from_errno(ENOENT, "openat x").while_doing("read config");
  EXPECT_EQ(error.code(), Code::kNotFound);
  EXPECT_EQ(error.sys_errno(), ENOENT);
  EXPECT_EQ(error.to_string(), "read config: openat x: No such file or directory");
}

TEST(Error, StaysASentenceHoweverLongAPathIs) {
  const std::string path(5000, 'x');
  const std::string text =
      Error::from_errno(ENOENT, "openat " + path).while_doing("enter " + path).to_string();
  EXPECT_LT(text.size(), 700U);
  EXPECT_TRUE(text.starts_with("enter xxx"));
  EXPECT_TRUE(text.contains("...: openat xxx"));
  EXPECT_TRUE(text.ends_with("...: No such file or directory"));
}

}  // namespace
}  // namespace planet
