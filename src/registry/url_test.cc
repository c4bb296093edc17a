#include "registry/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::registry {
namespace {

using testing::HasSubstr;
using testing::Not;

struct Case {
  const char* in;
  const char* want;  // null: refused
};

const Case kUrls[] = {
    {"https://ghcr.io", "https://ghcr.io/"},
    {"HTTPS://GHCR.io:443/v2/?a=b", "https://ghcr.io/v2/?a=b"},
    {"http://localhost:5000/v2/", "http://localhost:5000/v2/"},
    {"http://a:80/", "http://a/"},
    {"http://a:443/", "http://a:443/"},
    {"https://a:/x", "https://a/x"},
    {"https://[::1]:5000/x", "https://[::1]:5000/x"},
    {"https://[0:0:0:0:0:0:0:1]/x", "https://[::1]/x"},
    {"https://a_b-c.d/x", "https://a_b-c.d/x"},
    {"https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"},
    {"https://a./x", "https://a./x"},  // another host than "a", as far as credentials go
    {"https://a?q", "https://a/?q"},
    {"https://a/x#secret", "https://a/x"},
    {"https://a/b/../c/./d", "https://a/c/d"},
    {"https://a/../../x", "https://a/x"},
    {"https://a/%2e%2e/x", "https://a/%2e%2e/x"},
    {"https://127.0.0.1/", "https://127.0.0.1/"},
    {"", nullptr},
    {"ghcr.io", nullptr},
    {"//ghcr.io/", nullptr},
    {"/v2/", nullptr},
    {"https:", nullptr},
    {"https:/a", nullptr},
    {"https:///x", nullptr},
    {"https://:80/", nullptr},
    {"file:///etc/passwd", nullptr},
    {"unix:///run/docker.sock", nullptr},
    {"javascript:x", nullptr},
    {"ftp://a/", nullptr},
    {"https://u@a/", nullptr},
    {"https://u:p@a/", nullptr},
    {"https://a@b@c/", nullptr},
    {"https://a:0/", nullptr},
    {"https://a:65536/", nullptr},
    {"https://a:+1/", nullptr},
    {"https://a:8o/", nullptr},
    {"https://a b/", nullptr},
    {"https://a/b c", nullptr},
    {"https://a/\r\nX: y", nullptr},
    {"https://a\\@b/", nullptr},
    {"https://a\\b/", nullptr},
    {"https://b\xc3\xbc"
     "cher.example/",
     nullptr},
    {"https://a%2eb/", nullptr},
    {"https://a..b/", nullptr},
    {"https://.a/", nullptr},
    {"https://-a/", nullptr},
    {"https://[::1/", nullptr},
    {"https://::1/", nullptr},
    {"https://[::1%25eth0]/", nullptr},
    {"https://[127.0.0.1]/", nullptr},
    // Loopback, as some readers see it.
    {"https://127.1/", nullptr},
    {"https://127.0.0.1./", nullptr},
    {"https://2130706433/", nullptr},
    {"https://0x7f.0.0.1/", nullptr},
    {"https://0x7f000001/", nullptr},
    {"https://0177.0.0.1/", nullptr},
};

TEST(ParseUrl, KnowsHttpAndHttpsAlone) {
  for (const Case& c : kUrls) {
    SCOPED_TRACE(c.in);
    const auto got = parse_url(c.in);
    ASSERT_EQ(got.has_value(), c.want != nullptr);
    EXPECT_EQ(got ? got->text() : "", c.want == nullptr ? "" : c.want);
  }
  EXPECT_FALSE(parse_url("https://a/" + std::string(8192, 'x')));
  EXPECT_FALSE(parse_url("https://" + std::string(254, 'a') + "/"));
  EXPECT_FALSE(parse_url(std::string("https://a\0b/", 12)));
}

// The examples of RFC 3986, section 5.4, that stay with http, and what attackers write.
const Case kReferences[] = {
    {"g", "http://a/b/c/g"},
    {"./g", "http://a/b/c/g"},
    {"g/", "http://a/b/c/g/"},
    {"/g", "http://a/g"},
    {"//g", "http://g/"},
    {"?y", "http://a/b/c/d;p?y"},
    {"g?y", "http://a/b/c/g?y"},
    {"#s", "http://a/b/c/d;p?q"},
    {"g#s", "http://a/b/c/g"},
    {"", "http://a/b/c/d;p?q"},
    {".", "http://a/b/c/"},
    {"..", "http://a/b/"},
    {"../g", "http://a/b/g"},
    {"../../g", "http://a/g"},
    {"../../../g", "http://a/g"},
    {"g;x=1/../y", "http://a/b/c/y"},
    {"g?y/./x", "http://a/b/c/g?y/./x"},
    {"https://b:1/x", "https://b:1/x"},
    {"//evil.example:5000/x", "http://evil.example:5000/x"},
    {"/v2/a?b=c:d", "http://a/v2/a?b=c:d"},
    {"//u@evil.example/", nullptr},
    {"http:g", nullptr},
    {"file:/etc/passwd", nullptr},
    {"/\\evil.example/", nullptr},
    {"/a\nb", nullptr},
    {"///x", nullptr},
};

TEST(ResolveUrl, FollowsTheRfc) {
  const Url base = *parse_url("http://a/b/c/d;p?q");
  for (const Case& c : kReferences) {
    SCOPED_TRACE(c.in);
    const auto got = resolve_url(base, c.in);
    ASSERT_EQ(got.has_value(), c.want != nullptr);
    EXPECT_EQ(got ? got->text() : "", c.want == nullptr ? "" : c.want);
  }
}

TEST(Url, ShowsNoSecret) {
  EXPECT_EQ(parse_url("https://a/b?X-Amz-Signature=secret")->shown(), "https://a/b");
  for (const char* bad :
       {"https://u:secret@a/", "ftp://a/?secret", "https://a b/?secret", "https://a b/#secret"})
    EXPECT_THAT(parse_url(bad).error().to_string(), Not(HasSubstr("secret"))) << bad;
}

TEST(Origin, IsSchemeHostAndPort) {
  const auto origin = [](const char* text) { return parse_url(text)->origin; };
  EXPECT_EQ(origin("https://A/x"), origin("https://a:443/y"));
  EXPECT_NE(origin("https://a"), origin("http://a"));
  EXPECT_NE(origin("https://a"), origin("http://a:443"));
  EXPECT_NE(origin("https://a"), origin("https://a:8443"));
  EXPECT_NE(origin("https://a"), origin("https://a."));
  EXPECT_EQ(origin("https://[::1]:5000").authority(), "[::1]:5000");
}

}  // namespace
}  // namespace planet::registry
