#include "network/resolv_conf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::network {
namespace {

using namespace std::string_literals;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<std::string> servers(std::string_view text) {
  std::vector<std::string> texts;
  for (const Nameserver& server : parse_resolv_conf(text).nameservers)
    texts.push_back(server.address.to_string() + (server.scope.empty() ? "" : "%" + server.scope));
  return texts;
}

TEST(ResolvConfTest, IsParsed) {
  const ResolvConf conf = parse_resolv_conf(
      "# a comment\n; another\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # behind it\n"
      "search corp.example.  example.org\noptions edns0 trust-ad\noptions timeout:2\n");
  EXPECT_THAT(conf.nameservers, SizeIs(2));
  EXPECT_THAT(conf.search, ElementsAre("corp.example.", "example.org"));
  EXPECT_THAT(conf.options, ElementsAre("edns0", "trust-ad", "timeout:2"));
}

TEST(ResolvConfTest, TakesNameserversOnly) {
  EXPECT_THAT(servers("nameserver fe80::1%eth0\nnameserver fe80::1%2"),
              ElementsAre("fe80::1%eth0", "fe80::1%2"));
  EXPECT_THAT(servers("nameserver 1.1.1.1\nnameserver ::2\nnameserver 3.3.3.3\nnameserver 4.4.4.4"),
              ElementsAre("1.1.1.1", "::2", "3.3.3.3"));
  for (const std::string& text :
       {""s, "nameserver"s, "nameserver "s, "nameserver x"s, " nameserver 1.1.1.1"s,
        "nameserver1.1.1.1"s, "Nameserver 1.1.1.1"s, "nameserver 1.1.1.1%eth0"s,
        "nameserver fe80::1%"s, "nameserver fe80::1%a/b"s, "nameserver fe80::1%0123456789abcdef"s,
        "nameserver 1.1.1.1\r"s, "nameserver 1.1.1.1\0"s, "#nameserver 1.1.1.1"s})
    EXPECT_THAT(servers(text), IsEmpty()) << testing::PrintToString(text);
}

TEST(ResolvConfTest, KeepsTheLastSearchList) {
  const auto search = [](std::string_view text) { return parse_resolv_conf(text).search; };
  EXPECT_THAT(search("domain a.example\nsearch b.example c.example"),
              ElementsAre("b.example", "c.example"));
  EXPECT_THAT(search("search b.example\ndomain a.example z.example"), ElementsAre("a.example"));
  EXPECT_THAT(search("search ."), IsEmpty());
  EXPECT_THAT(search("search a.example\nsearch"), IsEmpty());
  EXPECT_THAT(search("search .a a..b a/b a\x01 "s + std::string(254, 'x') + " ok"),
              ElementsAre("ok"));
  std::string many = "search";
  for (int i = 0; i < 100; ++i) many += " d" + std::to_string(i);
  EXPECT_THAT(search(many), SizeIs(ResolvConf::kMostDomains));
}

TEST(ResolvConfTest, TakesOptionsThatAreWords) {
  const auto options = [](std::string_view text) { return parse_resolv_conf(text).options; };
  EXPECT_THAT(options("options rotate rotate a=b " + std::string(65, 'x') + " use-vc"),
              ElementsAre("rotate", "use-vc"));
  std::string many = "options";
  for (int i = 0; i < 100; ++i) many += " timeout:" + std::to_string(i);
  EXPECT_THAT(options(many), SizeIs(ResolvConf::kMostOptions));
}

std::string rendered(std::string_view host, const DnsChoice& choice) {
  const auto text =
      render_resolv_conf(parse_resolv_conf(host), choice, *Address::parse("127.0.0.11"));
  return text ? *text : text.error().to_string();
}

constexpr std::string_view kHost =
    "nameserver 127.0.0.53\nsearch corp.example\noptions edns0 trust-ad\n";

TEST(ResolvConfTest, IsRenderedForAContainer) {
  EXPECT_EQ(rendered(kHost, {}),
            "nameserver 127.0.0.11\nsearch corp.example\noptions edns0 trust-ad ndots:0\n");
  EXPECT_EQ(rendered("", {}), "nameserver 127.0.0.11\noptions ndots:0\n");
  EXPECT_EQ(rendered("options ndots:2", {}), "nameserver 127.0.0.11\noptions ndots:2\n");
}

TEST(ResolvConfTest, IsWhatTheCallerSays) {
  EXPECT_EQ(rendered(kHost, {.servers = {}, .search = {"a.example", "b.example"}, .options = {}}),
            "nameserver 127.0.0.11\nsearch a.example b.example\noptions edns0 trust-ad ndots:0\n");
  EXPECT_EQ(rendered(kHost, {.servers = {}, .search = {"."}, .options = {"ndots:5", "rotate"}}),
            "nameserver 127.0.0.11\noptions ndots:5 rotate\n");
  EXPECT_EQ(rendered(kHost, {.servers = {"192.0.2.1"}, .search = {}, .options = {}}),
            "nameserver 127.0.0.11\nsearch corp.example\noptions edns0 ndots:0\n");
  EXPECT_EQ(rendered(kHost, {.servers = {"192.0.2.1"}, .search = {"."}, .options = {"trust-ad"}}),
            "nameserver 127.0.0.11\noptions trust-ad ndots:0\n");
}

TEST(ResolvConfTest, TakesNoSecondLineFromTheCaller) {
  EXPECT_THAT(rendered("", {.servers = {}, .search = {"a\nnameserver 1.1.1.1"}, .options = {}}),
              HasSubstr("--dns-search \"a\\x0anameserver 1.1.1.1\" is not a domain"));
  EXPECT_THAT(rendered("", {.servers = {}, .search = {"a", "."}, .options = {}}),
              HasSubstr("is not a domain"));
  EXPECT_THAT(rendered("", {.servers = {}, .search = {}, .options = {"a b"}}),
              HasSubstr("--dns-option \"a b\" is not one word"));
  const std::vector<std::string> many(33, "a");
  EXPECT_THAT(rendered("", {.servers = {}, .search = many, .options = {}}), HasSubstr("32 times"));
  EXPECT_THAT(rendered("", {.servers = {}, .search = {}, .options = many}), HasSubstr("16 times"));
}

TEST(ResolvConfTest, SaysWhomTheResolverAsks) {
  const auto asked = [](std::string_view host, std::vector<std::string> flags) {
    const auto chosen = choose_nameservers(
        parse_resolv_conf(host), {.servers = std::move(flags), .search = {}, .options = {}});
    if (!chosen) return chosen.error().to_string();
    std::string text;
    for (const Nameserver& server : *chosen) text += server.address.to_string() + ";";
    return text;
  };
  EXPECT_EQ(asked(kHost, {}), "127.0.0.53;");
  EXPECT_EQ(asked(kHost, {"192.0.2.1", "2001:db8::1"}), "192.0.2.1;2001:db8::1;");
  EXPECT_EQ(asked("", {}), "127.0.0.1;");
  EXPECT_THAT(asked("", {"dns.example"}), HasSubstr("--dns \"dns.example\" is not an IP address"));
  EXPECT_THAT(asked("", {"::1", "::2", "::3", "::4"}), HasSubstr("more than 3 times"));
}

TEST(ResolvConfTest, WhoAsksByItselfGetsServersThatItCanReach) {
  const auto plain = [](std::string_view host, const DnsChoice& choice) {
    const auto text = render_plain_resolv_conf(parse_resolv_conf(host), choice);
    return text ? *text : text.error().to_string();
  };
  EXPECT_EQ(plain("nameserver 127.0.0.1\nnameserver 192.0.2.53\nnameserver fe80::1%eth0\n"
                  "search corp.example\noptions edns0\n",
                  {}),
            "nameserver 192.0.2.53\nsearch corp.example\noptions edns0\n");
  // No server is invented.
  EXPECT_EQ(plain("nameserver 127.0.0.1\nnameserver ::1\nnameserver 0.0.0.0\n", {}), "");
  EXPECT_EQ(plain("", {}), "");
  EXPECT_EQ(plain(kHost, {.servers = {"127.0.0.1", "2001:db8::1"}, .search = {"."}, .options = {}}),
            "nameserver 127.0.0.1\nnameserver 2001:db8::1\noptions edns0\n");
  EXPECT_THAT(plain("", {.servers = {"x"}, .search = {}, .options = {}}),
              HasSubstr("is not an IP address"));
}

}  // namespace
}  // namespace planet::network
