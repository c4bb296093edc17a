#include "network/mac.h"

#include <gtest/gtest.h>

namespace planet::network {
namespace {

TEST(MacTest, IsWrittenInOneWay) {
  EXPECT_EQ(Mac::parse("02:42:AC:11:00:02")->to_string(), "02:42:ac:11:00:02");
  EXPECT_EQ(Mac::parse("02-42-ac-11-00-02")->to_string(), "02:42:ac:11:00:02");
  for (const char* text :
       {"", "02:42:ac:11:00", "02:42:ac:11:00:02:03", "02:42:ac:11:00:0g", "2:42:ac:11:00:02",
        "0242.ac11.0002", "02:42-ac:11:00:02", "02:42:ac:11:00: 2", "+2:42:ac:11:00:02"})
    EXPECT_FALSE(Mac::parse(text)) << text;
}

TEST(MacTest, IsOneInterfaces) {
  EXPECT_NE(Mac::parse("01:00:5e:00:00:01").error().to_string().find("a group's"),
            std::string::npos);
  EXPECT_FALSE(Mac::parse("ff:ff:ff:ff:ff:ff"));
  EXPECT_FALSE(Mac::parse("00:00:00:00:00:00"));
}

TEST(MacTest, ComesFromTheIpv4AddressOrIsRandom) {
  EXPECT_EQ(default_mac(*Address::parse("172.17.0.2")).to_string(), "02:42:ac:11:00:02");
  for (int i = 0; i < 100; ++i) {
    const Mac mac = default_mac(std::nullopt);
    EXPECT_EQ(Mac::parse(mac.to_string()), mac);
    EXPECT_EQ(mac.bytes()[0] & 3, 2);
  }
  EXPECT_NE(Mac::random(), Mac::random());
}

}  // namespace
}  // namespace planet::network
