#include "registry/redirect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Case {
  const char* from;
  const char* location;
  const char* to;  // null: refused
};

const Case kCases[] = {
    {"https://r.example/v2/x", "https://cdn.example/y?sig=1", "https://cdn.example/y?sig=1"},
    {"https://r.example/v2/x", "/y", "https://r.example/y"},
    {"https://r.example/v2/x", "//cdn.example/y", "https://cdn.example/y"},
    {"http://r.example/v2/x", "https://r.example/y", "https://r.example/y"},
    {"http://r.example/v2/x", "http://s.example/y", "http://s.example/y"},
    {"https://r.example/v2/x", "http://r.example/y", nullptr},
    {"https://r.example/v2/x", "HTTP://r.example:443/y", nullptr},
    {"https://r.example/v2/x", "file:///etc/shadow", nullptr},
    {"https://r.example/v2/x", "unix:///run/docker.sock", nullptr},
    {"https://r.example/v2/x", "https://u:p@cdn.example/", nullptr},
    {"https://r.example/v2/x", "https://cdn.example\\@r.example/", nullptr},
    {"https://r.example/v2/x", "https://2130706433/", nullptr},
};

TEST(RedirectOf, GoesWhereItIsSafe) {
  for (const int status : {301, 302, 303, 307, 308})
    for (const Case& c : kCases) {
      SCOPED_TRACE(c.location);
      const auto got = redirect_of(Method::kGet, *parse_url(c.from),
                                   {.status = status, .headers = {{"location", c.location}}});
      ASSERT_EQ(got.has_value(), c.to != nullptr);
      EXPECT_EQ(got ? (*got)->text() : "", c.to == nullptr ? "" : c.to);
    }
}

TEST(RedirectOf, IsForQuestionsAlone) {
  const Url url = *parse_url("https://a/");
  const Headers away{{"Location", "https://b/"}};
  EXPECT_TRUE(*redirect_of(Method::kHead, url, {.status = 302, .headers = away}));
  for (const Method method : {Method::kPost, Method::kPut, Method::kPatch, Method::kDelete})
    EXPECT_FALSE(*redirect_of(method, url, {.status = 307, .headers = away}));
  // An upload's place, and what is not new.
  for (const int status : {200, 202, 300, 304, 305, 401})
    EXPECT_FALSE(*redirect_of(Method::kGet, url, {.status = status, .headers = away}));
  EXPECT_THAT(redirect_of(Method::kGet, url, {.status = 302, .headers = {}}).error().to_string(),
              HasSubstr("where to"));
}

TEST(Reachable, KeepsTheInternetOutOfTheNetwork) {
  const std::vector<std::string> mixed{"127.0.0.1", "8.8.8.8", "169.254.169.254", "2606:4700::1",
                                       "fd00::1"};
  EXPECT_EQ(*reachable(mixed, false), mixed);
  EXPECT_THAT(*reachable(mixed, true), ElementsAre("8.8.8.8", "2606:4700::1"));
  const auto none = reachable({"10.0.0.1"}, true);
  ASSERT_FALSE(none);
  EXPECT_EQ(none.error().code(), Code::kPermission);
}

}  // namespace
}  // namespace planet::registry
