#include "network/address.h"

#include <gtest/gtest.h>

namespace planet::network {
namespace {

Address address(std::string_view text) {
  return *Address::parse(text);
}
Prefix prefix(std::string_view text) {
  return *Prefix::parse(text);
}

TEST(AddressTest, IsWrittenInOneWay) {
  EXPECT_EQ(address("192.0.2.1").to_string(), "192.0.2.1");
  EXPECT_EQ(address("2001:DB8:0:0::1").to_string(), "2001:db8::1");
  EXPECT_TRUE(address("192.0.2.1").is_ipv4());
  EXPECT_EQ(address("::").bits(), 128U);
}

TEST(AddressTest, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "1.2.3.256",
                                      "fe80::1%eth0", "[::1]", ":", "1.2.3.4 "}) {
    const auto none = Address::parse(text);
    ASSERT_FALSE(none) << text;
    EXPECT_NE(none.error().to_string().find("is not an IP address"), std::string::npos);
  }
  EXPECT_FALSE(Address::parse(std::string_view("1.2.3.4\0x", 9)));
}

TEST(AddressTest, KnowsTheSpecialOnes) {
  EXPECT_TRUE(address("127.9.9.9").is_loopback());
  EXPECT_TRUE(address("::1").is_loopback());
  EXPECT_FALSE(address("1::1").is_loopback());
  EXPECT_FALSE(address("::").is_loopback());
  EXPECT_TRUE(address("0.0.0.0").is_unspecified());
  EXPECT_TRUE(address("::").is_unspecified());
  EXPECT_TRUE(address("239.1.1.1").is_multicast());
  EXPECT_TRUE(address("ff02::1").is_multicast());
  EXPECT_FALSE(address("223.255.255.255").is_multicast());
}

TEST(AddressTest, CountsWithCarryAndEnds) {
  EXPECT_EQ(address("10.0.0.255").plus(1), address("10.0.1.0"));
  EXPECT_EQ(address("10.0.0.0").plus(65536 + 257), address("10.1.1.1"));
  EXPECT_EQ(address("fd00::ffff:ffff:ffff:ffff").plus(1), address("fd00:0:0:1::"));
  EXPECT_EQ(address("255.255.255.255").plus(1), std::nullopt);
  EXPECT_EQ(address("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff").plus(1), std::nullopt);
  EXPECT_EQ(address("0.0.0.0").plus(0x1'0000'0000), std::nullopt);
  EXPECT_EQ(address("::").plus(~std::uint64_t{0}), address("::ffff:ffff:ffff:ffff"));
}

TEST(AddressTest, ComesFromBytesOfItsLengthOnly) {
  const auto there = address("fd00::7");
  EXPECT_EQ(Address::from_bytes(there.bytes()), there);
  EXPECT_EQ(Address::from_bytes(there.bytes().first(4))->to_string(), "253.0.0.0");
  EXPECT_EQ(Address::from_bytes(there.bytes().first(5)), std::nullopt);
}

TEST(PrefixTest, ClearsWhatIsBehindIt) {
  EXPECT_EQ(prefix("10.88.1.2/16").to_string(), "10.88.0.0/16");
  EXPECT_EQ(prefix("10.88.1.2/15").to_string(), "10.88.0.0/15");
  EXPECT_EQ(prefix("fd00:1::5/64").to_string(), "fd00:1::/64");
  EXPECT_EQ(prefix("10.88.1.2/0").to_string(), "0.0.0.0/0");
  EXPECT_EQ(prefix("10.88.1.2/32").to_string(), "10.88.1.2/32");
  EXPECT_EQ(prefix("10.88.0.0/20").last().to_string(), "10.88.15.255");
  EXPECT_EQ(prefix("fd00::/126").last().to_string(), "fd00::3");
}

TEST(PrefixTest, RefusesWhatIsNone) {
  for (const std::string_view text : {"", "/", "10.0.0.0", "10.0.0.0/", "10.0.0.0/33",
                                      "10.0.0.0/-1", "::/129", "10.0.0.0/8/8", "ten/8"})
    EXPECT_FALSE(Prefix::parse(text)) << text;
}

TEST(PrefixTest, KnowsWhatItContains) {
  EXPECT_TRUE(prefix("10.0.0.0/8").contains(address("10.255.0.1")));
  EXPECT_FALSE(prefix("10.0.0.0/8").contains(address("11.0.0.0")));
  EXPECT_FALSE(prefix("0.0.0.0/0").contains(address("::")));
  EXPECT_TRUE(prefix("10.0.0.0/8").overlaps(prefix("10.3.0.0/16")));
  EXPECT_TRUE(prefix("10.3.0.0/16").overlaps(prefix("10.0.0.0/8")));
  EXPECT_FALSE(prefix("10.3.0.0/16").overlaps(prefix("10.4.0.0/16")));
  EXPECT_FALSE(prefix("10.3.0.0/16").contains(prefix("10.0.0.0/8")));
}

}  // namespace
}  // namespace planet::network
