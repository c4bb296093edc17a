#include "base/strings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet {
namespace {

using testing::ElementsAre;

TEST(Split, KeepsEmptyParts) {
  EXPECT_THAT(split("a:b::c", ':'), ElementsAre("a", "b", "", "c"));
  EXPECT_THAT(split("", ':'), ElementsAre(""));
  EXPECT_THAT(split(":", ':'), ElementsAre("", ""));
}

TEST(Trim, TakesBlanksOffBothEnds) {
  EXPECT_EQ(trim("  a b\n"), "a b");
  EXPECT_EQ(trim(" \t\n"), "");
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join({}, ", "), "");
}

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(*parse_number<unsigned>("4294967295", "id"), 4294967295U);
  for (const char* bad : {"", " 1", "1 ", "+1", "-1", "0x1", "1e1", "4294967296", "1.0"})
    EXPECT_FALSE(parse_number<unsigned>(bad, "id")) << bad;
  EXPECT_EQ(*parse_number<int>("-1", "id"), -1);
  EXPECT_EQ(parse_number<unsigned>("4294967296", "uid").error().to_string(),
            "uid \"4294967296\" is out of range");
}

TEST(Printable, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("plain \xc3\xa9"), "plain \xc3\xa9");
  EXPECT_EQ(printable("\x1b]0;x\a"), "\\x1b]0;x\\x07");
  EXPECT_EQ(printable("\xc2\x9b"), "\\xc2\\x9b") << "C1 CSI in UTF-8";
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3") << "not UTF-8";
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80") << "surrogate";
  EXPECT_EQ(printable("a\\b"), "a\\\\b");
}

TEST(ParseNumberList, TakesNumbersAndRanges) {
  EXPECT_EQ(*parse_number_list("0-2,7"), (std::vector<unsigned>{0, 1, 2, 7}));
  EXPECT_EQ(*parse_number_list("5"), std::vector<unsigned>{5});
}

TEST(ParseNumberList, RefusesWhatIsNoList) {
  for (const char* bad :
       {"", "x", "3-1", "1,,2", "-1", "8192", "0-4294967295", "1-", " 1", "1-2-3"})
    EXPECT_FALSE(parse_number_list(bad)) << bad;
}

}  // namespace
}  // namespace planet
