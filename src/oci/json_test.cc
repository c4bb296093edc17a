#include "oci/json.h"

#include <gtest/gtest.h>

namespace planet::oci {
namespace {

std::string error_of(std::string_view text) {
  const auto value = parse_json(text, 1000);
  return value ? "" : value.error().to_string();
}

TEST(ParseJson, IsBounded) {
  EXPECT_EQ(error_of(R"({"a": [1, 2.5, "x", null, true]})"), "");
  EXPECT_EQ(error_of(std::string(1001, ' ')), "the JSON text has 1001 bytes, more than 1000");
  EXPECT_NE(error_of(std::string(65, '[') + std::string(65, ']')), "");
  EXPECT_EQ(error_of(std::string(60, '[') + std::string(60, ']')), "");
  for (const char* bad : {"", "{", "{} x", "{'a': 1}", "[1,]", "\"\xff\"", "NaN", "{\"a\" 1}"})
    EXPECT_NE(error_of(bad), "") << bad;
}

TEST(ParseJson, SaysWhereAndWhy) {
  const std::pair<const char*, const char*> cases[] = {
      {"{\n  \"a\": 1,\n  b: 2\n}", "not valid JSON at line 3, column 3: syntax error"},
      {"{} x", "not valid JSON at line 1, column 4: something follows its end"},
      {"{\"a\":", "not valid JSON at line 1, column 6: it ends too early"},
      {"\"\xff\"", "not valid JSON at line 1, column 2: it is not UTF-8"},
  };
  for (const auto& [text, want] : cases) EXPECT_EQ(error_of(text), want) << text;
  EXPECT_EQ(error_of(std::string(100, '[')),
            "not valid JSON at line 1, column 65: it is nested deeper than 64 levels");
}

TEST(ParseJson, RefusesAKeyThatStandsTwice) {
  EXPECT_EQ(error_of(R"({"a": {"b": 1, "b": 2}})"), "key \"b\" stands twice in one JSON object");
  EXPECT_EQ(error_of(R"({"a": {"b": 1}, "c": {"b": 1}})"), "");
  EXPECT_NE(error_of("{\"a\": 1, \"\\u0061\": 2}"), "");
  EXPECT_EQ(error_of(R"({"": 1, "": 2})"), "a key stands twice in one JSON object");
  EXPECT_EQ(error_of(R"([{"a": 1}, [{"b": {"c": 1, "c": 2}}]])"),
            "key \"c\" stands twice in one JSON object");
}

TEST(ParseJson, CountsNoColonThatStandsInAString) {
  EXPECT_EQ(error_of(R"({"a:": ":", "\"": ":\\", "\":": "\":", "\\": {"::": [":", "\\\":"]}})"),
            "");
  EXPECT_EQ(error_of(R"({"a": "\":", "a": 1})"), "key \"a\" stands twice in one JSON object");
}

TEST(ParseJson, TakesAnyBytesWhereAsked) {
  EXPECT_FALSE(parse_json("\"\xff\"", 100));
  const auto value = parse_json("\"\xff\"", 100, Strings::kAnyBytes);
  ASSERT_TRUE(value);
  EXPECT_EQ(value->as_string(), "\xff");
}

struct FieldCase {
  const char* text;
  const char* error;
};

const FieldCase kCases[] = {
    {R"({"n": 5})", ""},
    {R"({"n": null})", ""},
    {R"({"n": 256})", "top.n is 256, expected a whole number in 0..255"},
    {R"({"n": -1})", "top.n is -1, expected a whole number in 0..255"},
    {R"({"n": 18446744073709551615})",
     "top.n is 18446744073709551615, expected a whole number in 0..255"},
    {R"({"n": 1.5})", "top.n is 1.5E0, expected a whole number in 0..255"},
    {R"({"n": "5"})", "top.n is \"5\", expected a whole number in 0..255"},
    {R"({"s": 1})", "top.s is 1, expected a string"},
    {R"({"s": "a\u0000b"})", "top.s is \"a\\x00b\", expected a string without NUL"},
    {R"({"b": 1})", "top.b is 1, expected true or false"},
    {R"({"l": "x"})", "top.l is \"x\", expected a list"},
    {R"({"l": ["x", 1]})", "top.l[1] is 1, expected a string"},
    {R"({"m": {"k": 1}})", "top.m[\"k\"] is 1, expected a string"},
    {R"([])", "top is a list, expected an object"},
};

TEST(Fields, NameThePathOfWhatIsWrong) {
  for (const FieldCase& c : kCases) {
    SCOPED_TRACE(c.text);
    const auto value = parse_json(c.text, 1000);
    ASSERT_TRUE(value);
    const auto got = [&]() -> Result<> {
      TRY_SET(const Fields fields, Fields::of(*value, "top"));
      std::uint8_t n = 0;
      std::string s;
      bool b = false;
      std::vector<std::string> l;
      std::map<std::string, std::string> m;
      TRY(fields.read("n", n));
      TRY(fields.read("s", s));
      TRY(fields.read("b", b));
      TRY(fields.read("l", l));
      return fields.read_map("m", m);
    }();
    EXPECT_EQ(got ? "" : got.error().to_string(), c.error);
  }
}

TEST(ToText, KeepsNumbersExact) {
  const auto value = parse_json(R"({"big":9223372036854775807,"ubig":18446744073709551615})", 1000);
  EXPECT_EQ(to_text(*value), R"({"big":9223372036854775807,"ubig":18446744073709551615})");
  EXPECT_EQ(to_pretty_text(*parse_json(R"({"a":[1],"b":{}})", 100)),
            "{\n    \"a\": [\n        1\n    ],\n    \"b\": {}\n}\n");
}

}  // namespace
}  // namespace planet::oci
