#include "registry/proxy.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "registry/base64.h"

namespace planet::registry {
namespace {

using testing::HasSubstr;
using testing::Not;

ProxySettings from(std::map<std::string, std::string> environment) {
  return proxies_of([&](const char* name) -> const char* {
    const auto at = environment.find(name);
    return at == environment.end() ? nullptr : at->second.c_str();
  });
}

Origin origin(const char* url) {
  return parse_url(url)->origin;
}

TEST(ProxiesOf, TakesBothWritings) {
  const ProxySettings upper =
      from({{"HTTP_PROXY", "a"}, {"http_proxy", "b"}, {"HTTPS_PROXY", "c"}, {"NO_PROXY", "d"}});
  EXPECT_EQ(upper.http + upper.https + upper.direct, "acd");
  const ProxySettings lower_case =
      from({{"HTTP_PROXY", ""}, {"http_proxy", "b"}, {"https_proxy", "c"}, {"no_proxy", "d"}});
  EXPECT_EQ(lower_case.http + lower_case.https + lower_case.direct, "bcd");
  EXPECT_EQ(from({{"HTTP_PROXY", "evil"}, {"REQUEST_METHOD", "GET"}}).http, "");
  EXPECT_EQ(from({}).https, "");
}

TEST(ProxyFor, IsChosenByScheme) {
  const ProxySettings settings{.http = "http://p:1", .https = "p:2", .direct = ""};
  EXPECT_EQ((*proxy_for(origin("http://r.example"), settings))->origin.text(), "http://p:1");
  EXPECT_EQ((*proxy_for(origin("https://r.example"), settings))->origin.text(), "http://p:2");
  EXPECT_FALSE(*proxy_for(origin("https://r.example"), {}));
  EXPECT_FALSE(*proxy_for(origin("http://r.example"), {.http = "", .https = "p:2", .direct = ""}));
}

struct DirectCase {
  const char* url;
  const char* list;
  bool direct;
};

const DirectCase kDirect[] = {
    {"https://r.example", "", false},
    {"https://r.example", "*", true},
    {"https://r.example", "r.example", true},
    {"https://r.example", " a , R.Example ", true},
    {"https://a.r.example", "r.example", true},
    {"https://ar.example", "r.example", false},
    {"https://r.example", ".r.example", false},
    {"https://a.r.example", ".r.example", true},
    {"https://a.r.example", "*.r.example", true},
    {"https://r.example", "*.r.example", false},
    {"https://r.example:5000", "r.example:5000", true},
    {"https://r.example", "r.example:5000", false},
    {"https://r.example", "r.example:443", true},
    {"https://10.1.2.3", "10.0.0.0/8", true},
    {"https://11.1.2.3", "10.0.0.0/8", false},
    {"https://10.1.2.3", "10.1.2.3", true},
    {"https://10.1.2.3:5000", "10.1.2.3:5000", true},
    {"https://10.1.2.3", "10.0.0.0/33", false},
    {"https://10.1.2.3", "10.0.0.0/x", false},
    {"https://[2001:db8::1]", "2001:db8::/32", true},
    {"https://[2001:db8::1]", "2001:db8:0::1", true},
    {"https://[2001:db8::1]:5000", "[2001:db8::1]:5000", true},
    {"https://[2001:db8::1]", "10.0.0.0/8", false},
    {"https://r.example", ",:,", false},
    // Loopback never.
    {"https://localhost:5000", "", true},
    {"https://127.1.2.3", "", true},
    {"https://[::1]", "", true},
    {"https://localhost.example", "", false},
};

TEST(ProxyFor, LeavesOutWhatIsDirect) {
  for (const DirectCase& c : kDirect) {
    SCOPED_TRACE(std::string(c.url) + " with " + c.list);
    const auto proxy =
        proxy_for(origin(c.url), {.http = "", .https = "http://p:1", .direct = c.list});
    ASSERT_TRUE(proxy);
    EXPECT_EQ(!proxy->has_value(), c.direct);
  }
}

TEST(ProxyFor, TakesALoginFromTheAddress) {
  const auto with = [](const char* address) {
    return proxy_for(origin("https://r.example"), {.http = "", .https = address, .direct = ""});
  };
  EXPECT_EQ((*with("http://u:p%40ss@p:1/"))->authorization.reveal(),
            "Basic " + to_base64("u:p@ss"));
  EXPECT_EQ((*with("u@p:1"))->authorization.reveal(), "Basic " + to_base64("u:"));
  EXPECT_EQ((*with("u:p@x@p:1"))->origin.text(), "http://p:1");
  EXPECT_TRUE((*with("p:1"))->authorization.empty());
  for (const char* bad : {"socks5://u:s3cret@p:1", "https://u:s3cret@p:1", "http://u:s3cret%4@p:1",
                          "http://u:s3cret%zz@p", "http://u:s3cret@p:x", "http://u:s3cret@"}) {
    const auto refused = with(bad);
    ASSERT_FALSE(refused) << bad;
    EXPECT_THAT(refused.error().to_string(), HasSubstr("HTTPS_PROXY"));
    EXPECT_THAT(refused.error().to_string(), Not(HasSubstr("s3cret")));
  }
}

}  // namespace
}  // namespace planet::registry
