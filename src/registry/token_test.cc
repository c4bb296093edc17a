#include "registry/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::registry {
namespace {

using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

TEST(ParseTokenAnswer, TakesEitherNameAndALifetimeWithinBounds) {
  const auto plain = parse_token_answer(R"({"token":"a.b.c"})");
  ASSERT_TRUE(plain) << plain.error().to_string();
  EXPECT_EQ(plain->value.reveal(), "a.b.c");
  EXPECT_EQ(plain->lifetime, seconds(60));
  const auto oauth =
      parse_token_answer(R"({"access_token":"x","token":"","expires_in":300,"scope":"s"})");
  ASSERT_TRUE(oauth);
  EXPECT_EQ(oauth->value.reveal(), "x");
  EXPECT_EQ(oauth->lifetime, seconds(300));
  EXPECT_EQ(parse_token_answer(R"({"token":"x","expires_in":-5})")->lifetime, seconds(60));
  EXPECT_EQ(parse_token_answer(R"({"token":"x","expires_in":9000000000})")->lifetime,
            seconds(3600));
}

TEST(ParseTokenAnswer, RefusesOthersWithoutShowingThem) {
  for (const std::string& text :
       {std::string(), std::string("hush"), std::string("[\"hush\"]"), std::string("{}"),
        std::string(R"({"token":{"hush":1}})"), std::string(R"({"token":"hush\r\nX-Evil: 1"})"),
        std::string(R"({"token":"hush hush"})"), std::string(R"({"token":"hush","token":"hush"})"),
        std::string(R"({"token":"x","expires_in":"hush"})"),
        "{\"token\":\"" + std::string(kMostTokenAnswer, 'h') + "\"}"}) {
    const auto token = parse_token_answer(text);
    ASSERT_FALSE(token) << text.substr(0, 100);
    EXPECT_THAT(token.error().to_string(), Not(HasSubstr("hush")));
    EXPECT_LT(token.error().to_string().size(), 200U);
  }
}

TEST(ParseErrorAnswer, IsOneShortPrintableLine) {
  EXPECT_EQ(
      parse_error_answer(
          R"({"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown","detail":{}}]})"),
      "manifest unknown");
  EXPECT_EQ(parse_error_answer(R"({"errors":[{"code":"DENIED","message":""}]})"), "DENIED");
  EXPECT_EQ(parse_error_answer(R"({"details":"incorrect username or password"})"),
            "incorrect username or password");
  EXPECT_EQ(parse_error_answer(R"({"errors":[{"message":"\u001b[2Jx\n"}]})"), "\\x1b[2Jx\\x0a");
  EXPECT_EQ(
      parse_error_answer(R"({"errors":[{"message":")" + std::string(5000, 'x') + "\"}]}").size(),
      200U);
  for (const char* text :
       {"", "<html>", "[]", "{}", R"({"errors":{}})", R"({"errors":[1]})", R"({"errors":[]})"})
    EXPECT_EQ(parse_error_answer(text), "") << text;
}

TokenAsker asker_of(Scheme scheme) {
  return {.registry = {.scheme = scheme, .host = "registry.example", .port = 443},
          .from_internet = true,
          .scopes = {"repository:a/b:pull", "repository:c:pull"},
          .credentials = {}};
}

TEST(PlanTokenRequest, AsksForItsOwnScopesAndNotForThoseOfTheChallenge) {
  const BearerDemand demand{.realm = "https://auth.example/token?x=1",
                            .service = "registry.example & co",
                            .scopes = {"repository:a/b:pull,push,delete"}};
  const auto request = plan_token_request(demand, asker_of(Scheme::kHttps));
  ASSERT_TRUE(request) << request.error().to_string();
  EXPECT_EQ(request->method, Method::kGet);
  EXPECT_EQ(request->url.text(),
            "https://auth.example/"
            "token?x=1&service=registry.example%20%26%20co&scope=repository%3Aa%2Fb%3Apull&scope="
            "repository%3Ac%3Apull");
  EXPECT_TRUE(request->authorization.empty());
  EXPECT_TRUE(request->internet_only);
}

TEST(PlanTokenRequest, APasswordGoesIntoTheHeaderAndAnIdentityTokenIntoAForm) {
  const BearerDemand demand{.realm = "https://auth.example/token", .service = "s", .scopes = {}};
  TokenAsker asker = asker_of(Scheme::kHttps);
  asker.credentials = Credentials{
      .username = "ann", .password = Secret("p"), .identity_token = {}, .registry_token = {}};
  const auto basic = plan_token_request(demand, asker);
  ASSERT_TRUE(basic);
  EXPECT_EQ(basic->authorization.reveal(), "Basic YW5uOnA=");
  EXPECT_THAT(basic->url.target, HasSubstr("account=ann&client_id=planet"));
  asker.credentials->identity_token = Secret("id&token");
  const auto refresh = plan_token_request(demand, asker);
  ASSERT_TRUE(refresh);
  EXPECT_EQ(refresh->method, Method::kPost);
  EXPECT_TRUE(refresh->authorization.empty());
  EXPECT_EQ(refresh->url.target, "/token");
  EXPECT_EQ(refresh->body,
            "grant_type=refresh_token&service=s&client_id=planet&scope=repository%3Aa%2Fb%3Apull%"
            "20repository%3Ac%3Apull&refresh_token=id%26token");
}

struct RealmCase {
  const char* realm;
  Scheme registry;
  std::optional<Code> want;
};

TEST(PlanTokenRequest, TheRealmIsAnAddressAndNoLessSafeThanTheRegistry) {
  const RealmCase cases[] = {
      {"https://auth.example/token", Scheme::kHttps, std::nullopt},
      {"https://auth.example/token", Scheme::kHttp, std::nullopt},
      {"http://auth.example/token", Scheme::kHttp, std::nullopt},
      {"http://auth.example/token", Scheme::kHttps, Code::kPermission},
      {"http://169.254.169.254/latest/meta-data", Scheme::kHttps, Code::kPermission},
      {"file:///etc/passwd", Scheme::kHttp, Code::kInvalidArgument},
      {"unix:///run/docker.sock", Scheme::kHttp, Code::kInvalidArgument},
      {"https://registry.example@evil.example/", Scheme::kHttps, Code::kInvalidArgument},
      {"//evil.example/token", Scheme::kHttps, Code::kInvalidArgument},
      {"/token", Scheme::kHttps, Code::kInvalidArgument},
      {"", Scheme::kHttps, Code::kInvalidArgument},
      {"https://evil.example\\@auth.example/", Scheme::kHttps, Code::kInvalidArgument},
  };
  for (const RealmCase& c : cases) {
    const auto request =
        plan_token_request({.realm = c.realm, .service = "", .scopes = {}}, asker_of(c.registry));
    ASSERT_EQ(request.has_value(), !c.want) << c.realm;
    if (!request) {
      EXPECT_EQ(request.error().code(), *c.want) << c.realm;
    }
  }
}

}  // namespace
}  // namespace planet::registry
