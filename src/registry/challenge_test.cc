#include "registry/challenge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::registry {
namespace {

using testing::HasSubstr;
using Challenges = std::vector<Challenge>;

struct GoodCase {
  const char* why;
  const char* field;
  Challenges want;
};

const GoodCase kGood[] = {
    {"nothing", "", {}},
    {"only gaps", " , ,\t", {}},
    {"a registry's token challenge",
     R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:a/b:pull,push")",
     {{"bearer",
       "",
       {{"realm", "https://auth.docker.io/token"},
        {"scope", "repository:a/b:pull,push"},
        {"service", "registry.docker.io"}}}}},
    {"names and schemes in any case", "BASIC Realm=x", {{"basic", "", {{"realm", "x"}}}}},
    {"blanks around the equals sign and the comma",
     "Basic realm = \"x\" \t,  charset\t= utf-8",
     {{"basic", "", {{"charset", "utf-8"}, {"realm", "x"}}}}},
    {"several in one field",
     R"(Basic realm="a, Bearer realm=b", Bearer realm="c",scope=d, Negotiate)",
     {{"basic", "", {{"realm", "a, Bearer realm=b"}}},
      {"bearer", "", {{"realm", "c"}, {"scope", "d"}}},
      {"negotiate", "", {}}}},
    {"empty elements between parameters",
     "Basic realm=a,, ,charset=b,",
     {{"basic", "", {{"charset", "b"}, {"realm", "a"}}}}},
    {"escapes", R"(Basic realm="a\"b\\c\d")", {{"basic", "", {{"realm", R"(a"b\cd)"}}}}},
    {"the empty string", R"(Basic realm="")", {{"basic", "", {{"realm", ""}}}}},
    {"a token", "Negotiate YII+/-._~==", {{"negotiate", "YII+/-._~==", {}}}},
    {"a token, then another scheme",
     "Negotiate ab=, Basic realm=x",
     {{"negotiate", "ab=", {}}, {"basic", "", {{"realm", "x"}}}}},
    {"bytes beyond ASCII in a string",
     "Basic realm=\"\xc3\xa9\xff\"",
     {{"basic", "", {{"realm", "\xc3\xa9\xff"}}}}},
};

TEST(ParseChallenges, ReadsTheGrammar) {
  for (const GoodCase& c : kGood) {
    SCOPED_TRACE(c.why);
    const auto got = parse_challenges(c.field);
    ASSERT_TRUE(got) << got.error().to_string();
    EXPECT_EQ(*got, c.want);
  }
}

struct BadCase {
  std::string field;
  const char* says;
};

const BadCase kBad[] = {
    {R"(Bearer realm="https://a)", "no closing quote"},
    {"Bearer realm=\"a\\", "no closing quote"},
    {R"(Bearer realm="a"b)", "rubbish after the value of \"realm\""},
    {R"(Bearer realm="a" b="c")", "rubbish"},
    {"Bearer realm=a b", "rubbish"},
    {R"(Bearer realm="a",realm="b")", "\"realm\" twice"},
    {R"(Bearer realm="a",REALM="b")", "\"realm\" twice"},
    {"Bearer service=a, realm=, scope=x", "no value for \"realm\""},
    {"Bearer realm=, scope=x", "no space after the scheme \"scope\""},  // "realm=" is a token
    {"Bearer =x", "no name=value"},
    {"Bearer \"x\"", "no name=value"},
    {R"("Bearer" realm=x)", "no scheme"},
    {"=x", "no scheme"},
    {"Bearer(x)", "no space after the scheme"},
    {"Bearer realm=\"a\r\nX-Evil: b\"", "control character in \"realm\""},
    {"Bearer realm=\"a\\\nb\"", "control character"},
    {std::string("Bearer realm=\"a\0b\"", 18), "control character"},
    {"Bearer realm=a\nb", "rubbish"},
    {"Bearer r\xc3\xa9=b", "no name=value"},
    {"Bearer realm=(a)", "no value"},
    {std::string(kMostChallengeBytes + 1, ','), "longer than 8192 bytes"},
};

TEST(ParseChallenges, RefusesWhatIsNotTheGrammar) {
  for (const BadCase& c : kBad) {
    SCOPED_TRACE(c.field.substr(0, 100));
    const auto got = parse_challenges(c.field);
    ASSERT_FALSE(got);
    EXPECT_EQ(got.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(got.error().to_string(), HasSubstr(c.says));
  }
}

TEST(ParseChallenges, HasLimits) {
  std::string schemes = "a";
  for (std::size_t i = 1; i < kMostChallenges; ++i) schemes += ",a";
  EXPECT_TRUE(parse_challenges(schemes));
  EXPECT_THAT(parse_challenges(schemes + ",a").error().to_string(), HasSubstr("16 challenges"));
  std::string parameters = "a p=0";
  for (std::size_t i = 1; i < kMostParameters; ++i) parameters += ",p" + std::to_string(i) + "=0";
  EXPECT_TRUE(parse_challenges(parameters));
  EXPECT_THAT(parse_challenges(parameters + ",q=0").error().to_string(),
              HasSubstr("32 parameters"));
}

TEST(ParseChallenges, ShowsNoValue) {
  const auto got = parse_challenges("Bearer realm=\"s3cret\",realm=\"s3cret\"");
  EXPECT_THAT(got.error().to_string(), testing::Not(HasSubstr("s3cret")));
}

TEST(ChooseDemand, TakesBearerBeforeBasic) {
  const auto both = choose_demand(*parse_challenges(
      R"(Basic realm="x", Bearer realm="https://t",service=s,scope="a:b:pull  c:d:pull")"));
  ASSERT_TRUE(both);
  EXPECT_EQ(*both, Demand(BearerDemand{"https://t", "s", {"a:b:pull", "c:d:pull"}}));
  EXPECT_EQ(*choose_demand(*parse_challenges("Digest qop=auth, basic realm=r")),
            Demand(BasicDemand{"r"}));
}

TEST(ChooseDemand, SaysWhatIsOffered) {
  const auto unknown = choose_demand(*parse_challenges("Negotiate, Digest realm=a"));
  ASSERT_FALSE(unknown);
  EXPECT_EQ(unknown.error().code(), Code::kUnsupported);
  EXPECT_THAT(unknown.error().to_string(), HasSubstr("negotiate, digest"));
  EXPECT_THAT(choose_demand({}).error().to_string(), HasSubstr("but none"));
  EXPECT_THAT(choose_demand(*parse_challenges("Bearer scope=a")).error().to_string(),
              HasSubstr("no realm"));
}

}  // namespace
}  // namespace planet::registry
