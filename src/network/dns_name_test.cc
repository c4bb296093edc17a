#include "network/dns_name.h"

#include <gtest/gtest.h>

namespace planet::network::dns {
namespace {

using namespace std::string_literals;

std::optional<std::string> read_host(const std::string& message, std::size_t at = 0) {
  const auto name = Name::read(message, at);
  return name ? name->host_name() : std::nullopt;
}

TEST(DnsName, IsReadInPieces) {
  const std::string message = "\3www\7Example\0\1a\xc0\x04\xc0\x0d"s;
  std::size_t at = 0;
  EXPECT_EQ(Name::read(message, at)->wire(), "\3www\7Example\0"s);
  EXPECT_EQ(at, 13U);
  EXPECT_EQ(Name::read(message, at)->wire(), "\1a\7Example\0"s);
  EXPECT_EQ(at, 17U);
  EXPECT_EQ(Name::read(message, at)->host_name(), "a.example");
  EXPECT_EQ(at, message.size());
  EXPECT_FALSE(Name::read(message, at));
}

TEST(DnsName, EndsWhateverItsPointersSay) {
  for (const std::string& message :
       {"\xc0\x00"s, "\1a\xc0\x00"s, "\xc0\x02\xc0\x00"s, "\1a\xc0\x02"s, "\1a\xc0\x04\1b\xc0\x00"s,
        "\xc0"s, "\1a\xc0"s, "\xff\xff"s}) {
    std::size_t at = 0;
    EXPECT_FALSE(Name::read(message, at)) << testing::PrintToString(message);
  }
  // Backwards, but once more over the labels that led there.
  std::size_t at = 2;
  EXPECT_FALSE(Name::read("\1a\1b\xc0\2"s, at));
  at = 2;
  EXPECT_FALSE(Name::read("\1a\1b\xc0\0"s, at));
}

TEST(DnsName, HasLimits) {
  const std::string longest(63, 'x');
  EXPECT_TRUE(read_host("\x3f"s + longest + "\0"s));
  EXPECT_FALSE(read_host("\x40"s + longest + "x\0"s));
  EXPECT_FALSE(read_host("\x80"s + longest + "x\0"s));
  const std::string label = "\x3f"s + longest;
  const std::string rest = "\x3d"s + std::string(61, 'y');
  EXPECT_TRUE(read_host(label + label + label + rest + "\0"s));
  EXPECT_FALSE(read_host(label + label + label + label + "\0"s));
  EXPECT_FALSE(read_host(""));
  EXPECT_FALSE(read_host("\5abc"));
  EXPECT_FALSE(read_host("\3abc"));

  const std::string text = longest + "." + longest + "." + longest + ".";
  EXPECT_EQ(Name::from_text(text + std::string(61, 'y'))->wire().size(), Name::kMostBytes);
  EXPECT_FALSE(Name::from_text(text + std::string(62, 'y')));
  EXPECT_FALSE(Name::from_text(longest + "x"));
  EXPECT_FALSE(Name::from_text("a..b"));
  EXPECT_FALSE(Name::from_text(".a"));
  EXPECT_FALSE(Name::from_text(""));
}

TEST(DnsName, ComesFromText) {
  EXPECT_EQ(Name::from_text("Web.example")->wire(), "\3Web\7example\0"s);
  EXPECT_EQ(Name::from_text("web.example.")->label_count(), 2U);
  EXPECT_EQ(*Name::from_text("."), Name());
  EXPECT_EQ(Name().label_count(), 0U);
}

TEST(DnsName, IsComparedWithoutCase) {
  EXPECT_EQ(*Name::from_text("WEB.Example"), *Name::from_text("web.eXAMPLE"));
  EXPECT_NE(*Name::from_text("web"), *Name::from_text("web.example"));
  EXPECT_NE(*Name::from_text("a@"), *Name::from_text("a`"));
  EXPECT_NE(*Name::from_text("\xc4"), *Name::from_text("\xe4"));
}

TEST(DnsName, IsAHostsIfItLooksLikeOne) {
  EXPECT_EQ(read_host("\7my_Host2\3a-B\0"s), std::nullopt);
  EXPECT_EQ(read_host("\x08my_Host2\3a-B\0"s), "my_host2.a-b");
  for (const std::string& wire :
       {"\0"s, "\3a/b\0"s, "\3a.b\0"s, "\3a\0b\0"s, "\1*\0"s, "\2..\0"s, "\1.\0"s, "\2\xc3\xa4\0"s})
    EXPECT_EQ(read_host(wire), std::nullopt) << testing::PrintToString(wire);
}

std::optional<std::string> reversed(std::string_view text) {
  const auto address = reverse_address(*Name::from_text(text));
  return address ? std::optional(address->to_string()) : std::nullopt;
}

TEST(DnsName, SaysWhichAddressItStandsFor) {
  const std::string zeros = "0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.";
  EXPECT_EQ(reversed("5.0.88.10.in-addr.arpa"), "10.88.0.5");
  EXPECT_EQ(reversed("255.1.2.3.IN-ADDR.arpa"), "3.2.1.255");
  EXPECT_EQ(reversed("5.a." + zeros + "0.0.d.F.ip6.ARPA"), "fd00::a5");
  for (const std::string& text :
       {"5.0.88.in-addr.arpa"s, "1.5.0.88.10.in-addr.arpa"s, "05.0.88.10.in-addr.arpa"s,
        "256.0.88.10.in-addr.arpa"s, "x.0.88.10.in-addr.arpa"s, "in-addr.arpa"s,
        "5.0.88.10.in-addr.arpa.example"s, "ip6.arpa"s, zeros + "0.0.d.f.ip6.arpa",
        "5.g." + zeros + "0.0.d.f.ip6.arpa", "55a." + zeros + "0.0.d.f.ip6.arpa",
        "0.5.a." + zeros + "0.0.d.f.ip6.arpa"})
    EXPECT_EQ(reversed(text), std::nullopt) << text;
}

}  // namespace
}  // namespace planet::network::dns
