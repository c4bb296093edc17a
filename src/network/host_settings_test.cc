#include "network/host_settings.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "network/directory_test.h"
#include "sys/file.h"

namespace planet::network {
namespace {

Address address(std::string_view text) {
  return *Address::parse(text);
}

std::string error(std::string_view text) {
  const auto settings = parse_host_settings(text);
  return settings ? "" : settings.error().to_string();
}

TEST(HostSettingsTest, ReadsDockersWords) {
  const auto settings = parse_host_settings(
      R"({"ip": "0.0.0.0", "default-address-pools": [{"base": "10.10.0.0/16", "size": 24},
          {"base": "fd00:1::/48", "size": 64}]})");
  ASSERT_TRUE(settings) << settings.error().to_string();
  EXPECT_EQ(settings->binding, address("0.0.0.0"));
  ASSERT_EQ(settings->pools.size(), 2U);
  EXPECT_EQ(settings->pools[0].prefix.to_string(), "10.10.0.0/16");
  EXPECT_EQ(settings->pools[0].length, 24U);
  EXPECT_EQ(settings->pools[1].prefix.to_string(), "fd00:1::/48");
  EXPECT_FALSE(parse_host_settings("{}")->binding);
  EXPECT_TRUE(parse_host_settings("{}")->pools.empty());
}

TEST(HostSettingsTest, NamesWhatIsWrong) {
  EXPECT_EQ(error(R"({"ipp": "0.0.0.0"})"),
            "\"ipp\" is not a setting: there are ip and default-address-pools");
  EXPECT_NE(error(R"({"ip": "localhost"})").find("ip: "), std::string::npos);
  EXPECT_NE(error(R"({"ip": 7})"), "");
  EXPECT_NE(error("[]"), "");
  EXPECT_NE(error(R"({"ip": "0.0.0.0", "ip": "127.0.0.1"})"), "");
  const auto pool = [](const std::string& text) {
    return error(R"({"default-address-pools": [)" + text + "]}");
  };
  EXPECT_EQ(pool(R"({"base": "10.10.0.0/30", "size": 30})"), "");
  EXPECT_EQ(
      pool(R"({"base": "10.10.0.0/16", "size": 15})"),
      "default-address-pools[0].size: expected the length of each network's prefix, 16 to 30");
  EXPECT_NE(pool(R"({"base": "10.10.0.0/16", "size": 31})"), "");
  EXPECT_NE(pool(R"({"base": "fd00::/48", "size": 127})"), "");
  EXPECT_NE(pool(R"({"base": "10.10.0.0/16", "size": -1})"), "");
  EXPECT_NE(pool(R"({"base": "10.10.0.0/16"})"), "");
  EXPECT_NE(pool(R"({"size": 24})"), "");
  EXPECT_NE(pool(R"({"base": "10.10.0.0/16", "size": 24, "name": "x"})").find("\"name\""),
            std::string::npos);
  EXPECT_NE(pool(R"({"base": "10.10.0.1/16", "size": 24})").find("should be 10.10.0.0/16"),
            std::string::npos);
  std::string many;
  for (int i = 0; i < 257; ++i)
    many += std::string(i == 0 ? "" : ",") + R"({"base": "10.10.0.0/16", "size": 24})";
  EXPECT_NE(pool(many).find("more than 256 pools"), std::string::npos);
}

TEST(HostSettingsTest, AllOfIpv4IsAllOfIpv6AsWell) {
  using Hosts = std::vector<Address>;
  const Address all = address("0.0.0.0");
  EXPECT_EQ(hosts_of(all, true, false), Hosts({all}));
  EXPECT_EQ(hosts_of(all, true, true), Hosts({all, address("::")}));
  EXPECT_EQ(hosts_of(all, false, true), Hosts({address("::")}));
  EXPECT_EQ(hosts_of(address("127.0.0.1"), true, true), Hosts({address("127.0.0.1")}));
  EXPECT_EQ(hosts_of(address("::"), true, true), Hosts({address("::")}));
}

// A file of its own, which PLANET_NETWORKS names.
class HostSettingsFileTest : public DirectoryTest {
 protected:
  void SetUp() override {
    DirectoryTest::SetUp();
    name(path_ + "/networks.json");
  }
  void TearDown() override {
    ::unsetenv("PLANET_NETWORKS");
    DirectoryTest::TearDown();
  }
  static void name(const std::string& path) { ::setenv("PLANET_NETWORKS", path.c_str(), 1); }
};

TEST_F(HostSettingsFileTest, IsReadAndNamedWhenItIsWrong) {
  EXPECT_EQ(read_host_settings().error().code(), Code::kNotFound);
  const std::string file = path_ + "/networks.json";
  ASSERT_TRUE(sys::replace_file_at(sys::kCwd, file.c_str(), R"({"ip": "192.0.2.1"})", 0600));
  EXPECT_EQ(read_host_settings()->binding, address("192.0.2.1"));
  ASSERT_TRUE(sys::replace_file_at(sys::kCwd, file.c_str(), R"({"ip": "x"})", 0600));
  EXPECT_NE(read_host_settings().error().to_string().find(file), std::string::npos);
  ASSERT_TRUE(sys::replace_file_at(sys::kCwd, file.c_str(), std::string(70'000, ' '), 0600));
  EXPECT_EQ(read_host_settings().error().code(), Code::kInvalidArgument);
  name("networks.json");
  EXPECT_EQ(read_host_settings().error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace planet::network
