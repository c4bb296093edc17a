#include "network/record.h"

#include <gtest/gtest.h>

namespace planet::network {
namespace {

Address address(std::string_view text) {
  return *Address::parse(text);
}
Prefix prefix(std::string_view text) {
  return *Prefix::parse(text);
}

Network network() {
  Network network;
  network.id = std::string(64, 'a');
  network.name = "web";
  network.created = "2026-01-02T03:04:05Z";
  network.subnets = {{.prefix = prefix("10.1.2.0/24"),
                      .gateway = address("10.1.2.1"),
                      .range = prefix("10.1.2.128/25"),
                      .others = {{"router", address("10.1.2.9")}}},
                     {.prefix = prefix("fd00:1::/64"), .gateway = address("fd00:1::1")}};
  network.internal = true;
  network.labels = {{"colour", "blue"}};
  network.options = {{"mtu", "1400"}, {"com.docker.network.bridge.enable_icc", "false"}};
  network.link = *parse_link_options(Driver::kBridge, network.options);
  return network;
}

std::string error_of(const Network& network) {
  const auto checked = check_network(network);
  return checked ? "" : checked.error().to_string();
}

TEST(NetworkTest, IsReadAsItWasWritten) {
  const auto again = parse_network(network_text(network()));
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, network());
  EXPECT_EQ(again->link.mtu, 1400U);
  EXPECT_FALSE(again->link.connects_containers);
}

TEST(NetworkTest, ADamagedRecordIsRefused) {
  const std::string good = network_text(network());
  for (const auto& [from, to] :
       {std::pair("\"web\"", "\"../web\""), std::pair("\"10.1.2.0/24\"", "\"10.1.2.0/33\""),
        std::pair("\"10.1.2.1\"", "\"10.9.2.1\""), std::pair("\"bridge\"", "\"ipvlan\""),
        std::pair("\"1400\"", "\"many\""), std::pair("aaaa", "zzzz"),
        std::pair("{\"id\"", "[{\"id\""), std::pair("\"prefix\"", "\"x\"")}) {
    std::string bad = good;
    const std::size_t at = bad.find(from);
    ASSERT_NE(at, std::string::npos) << from;
    bad.replace(at, std::string(from).size(), to);
    EXPECT_FALSE(parse_network(bad)) << bad;
  }
  EXPECT_FALSE(parse_network(good.substr(0, good.size() / 2)));
}

TEST(NetworkTest, NamesAreOneComponentOfAPath) {
  for (const char* name : {"a", "web", "web-1_2.3", "0"})
    EXPECT_TRUE(is_network_name(name)) << name;
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("-x"), std::string("a/b"),
        std::string("a b"), std::string("a;drop table"), std::string("a\n"), std::string("$(id)"),
        std::string("\"x\""), std::string(129, 'a'), std::string("\xc3\xa4")})
    EXPECT_FALSE(check_network_name(name)) << name;
  EXPECT_LT(check_network_name(std::string(5000, 'a')).error().to_string().size(), 400U);
}

TEST(NetworkTest, ThreeAreAlwaysThere) {
  for (const char* name : {"bridge", "host", "none", "default"}) EXPECT_TRUE(is_predefined(name));
  EXPECT_FALSE(is_predefined("web"));
  EXPECT_EQ(plain_network("none")->driver, Driver::kNull);
  EXPECT_EQ(plain_network("host")->driver, Driver::kHost);
  EXPECT_EQ(plain_network("none")->id.size(), 64U);
  EXPECT_NE(plain_network("none")->id, plain_network("host")->id);
  EXPECT_EQ(plain_network("bridge"), std::nullopt);
}

TEST(NetworkTest, BridgesHaveNamesThatFit) {
  Network one = network();
  EXPECT_EQ(one.bridge(), "pl-aaaaaaaaaaaa");
  one.name = kDefaultNetwork;
  EXPECT_EQ(one.bridge(), "planet0");
  one.link.bridge = "own0";
  EXPECT_EQ(one.bridge(), "own0");
}

TEST(NetworkTest, SubnetsAreJudged) {
  struct Case {
    const char* prefix;
    const char* gateway;
    const char* reason;  // empty: it is good
  };
  const Case cases[] = {
      {"10.1.0.0/16", "10.1.0.1", ""},
      {"10.1.0.0/30", "10.1.0.2", ""},
      {"10.1.0.0/31", "10.1.0.0", ""},
      {"10.1.0.0/32", "10.1.0.0", "no room"},
      {"10.0.0.0/7", "10.0.0.1", "larger than a /8"},
      {"10.1.0.0/24", "10.1.1.1", "gateway 10.1.1.1 is not in the subnet 10.1.0.0/24"},
      {"10.1.0.0/24", "10.1.0.0", "the first or the last address"},
      {"10.1.0.0/24", "10.1.0.255", "the first or the last address"},
      {"10.1.0.0/24", "fd00::1", "is not in the subnet"},
      {"224.0.0.0/24", "224.0.0.1", "not for hosts"},
      {"127.1.0.0/24", "127.1.0.1", "not for hosts"},
      {"0.0.0.0/8", "0.0.0.1", "not for hosts"},
      {"fe80::/64", "fe80::1", "not for hosts"},
      {"fd00::/64", "fd00::1", ""},
      {"fd00::/127", "fd00::", ""},
      {"fd00::/64", "fd00::ffff:ffff:ffff:ffff", ""},
  };
  for (const Case& c : cases) {
    Network one = network();
    one.subnets = {{.prefix = prefix(c.prefix), .gateway = address(c.gateway)}};
    const std::string error = error_of(one);
    if (*c.reason == '\0')
      EXPECT_EQ(error, "") << c.prefix;
    else
      EXPECT_NE(error.find(c.reason), std::string::npos) << c.prefix << ": " << error;
  }
}

TEST(NetworkTest, OneSubnetOfEachFamily) {
  Network one = network();
  one.subnets.push_back({.prefix = prefix("10.9.0.0/24"), .gateway = address("10.9.0.1")});
  EXPECT_NE(error_of(one).find("one subnet of IPv4"), std::string::npos);
  one.subnets.clear();
  EXPECT_NE(error_of(one).find("connects nobody"), std::string::npos);
}

TEST(NetworkTest, RangesAndOthersAreInside) {
  Network one = network();
  one.subnets[0].range = prefix("10.1.3.0/25");
  EXPECT_NE(error_of(one).find("range 10.1.3.0/25 is not in"), std::string::npos);
  one = network();
  one.subnets[0].others["x"] = address("10.1.3.9");
  EXPECT_NE(error_of(one).find("10.1.3.9 of \"x\" is not in"), std::string::npos);
}

TEST(NetworkTest, SomeAddressesAreNobodys) {
  const Network one = network();
  const Subnet& subnet = one.subnets[0];
  EXPECT_STREQ(subnet.reserved_for(address("10.1.2.1")), "the gateway's");
  EXPECT_STREQ(subnet.reserved_for(address("10.1.2.0")), "the network's own");
  EXPECT_STREQ(subnet.reserved_for(address("10.1.2.255")), "for broadcasts");
  EXPECT_NE(subnet.reserved_for(address("10.1.2.9")), nullptr);
  EXPECT_EQ(subnet.reserved_for(address("10.1.2.2")), nullptr);
  const Subnet& six = one.subnets[1];
  EXPECT_NE(six.reserved_for(address("fd00:1::")), nullptr);
  EXPECT_EQ(six.reserved_for(address("fd00:1::ffff:ffff:ffff:ffff")), nullptr);
}

TEST(LinkOptionsTest, AreDockers) {
  const auto bridge = parse_link_options(
      Driver::kBridge, {{"com.docker.network.bridge.name", "br0"},
                        {"com.docker.network.bridge.enable_ip_masquerade", "true"},
                        {"com.docker.network.bridge.host_binding_ipv4", "192.0.2.1"},
                        {"com.docker.network.container_iface_prefix", "net"},
                        {"com.docker.network.driver.mtu", "9000"}});
  ASSERT_TRUE(bridge) << bridge.error().to_string();
  EXPECT_EQ(bridge->bridge, "br0");
  const auto bare = parse_link_options(
      Driver::kBridge, {{"com.docker.network.bridge.enable_ip_masquerade", "false"}});
  ASSERT_FALSE(bare);
  EXPECT_TRUE(bare.error().to_string().contains("always true"));
  EXPECT_EQ(bridge->host_binding, address("192.0.2.1"));
  EXPECT_EQ(bridge->container_prefix, "net");
  EXPECT_EQ(bridge->mtu, 9000U);
  const auto macvlan =
      parse_link_options(Driver::kMacvlan, {{"parent", "eth0.10"}, {"macvlan_mode", "private"}});
  ASSERT_TRUE(macvlan);
  EXPECT_EQ(macvlan->parent, "eth0.10");
  EXPECT_EQ(macvlan->mode, MacvlanMode::kPrivate);
}

TEST(LinkOptionsTest, WhatIsNotKnownIsNamed) {
  const auto error = [](Driver driver, const char* key, const char* value) {
    const auto link = parse_link_options(driver, {{key, value}});
    return link ? "" : link.error().to_string();
  };
  EXPECT_NE(
      error(Driver::kBridge, "parent", "eth0").find("--opt \"parent\": bridge has com.docker"),
      std::string::npos);
  EXPECT_NE(error(Driver::kBridge, "mtu", "67").find("68 to 65535"), std::string::npos);
  EXPECT_NE(error(Driver::kBridge, "mtu", "1;x").find("68 to 65535"), std::string::npos);
  EXPECT_NE(
      error(Driver::kBridge, "com.docker.network.bridge.enable_icc", "no").find("true or false"),
      std::string::npos);
  EXPECT_NE(error(Driver::kBridge, "com.docker.network.bridge.name", "sixteen-letters-").find("15"),
            std::string::npos);
  EXPECT_NE(error(Driver::kBridge, "com.docker.network.bridge.name", "a/b"), "");
  EXPECT_NE(error(Driver::kBridge, "com.docker.network.bridge.host_binding_ipv4", "::1"), "");
  EXPECT_NE(error(Driver::kMacvlan, "mtu", "1500").find("parent=INTERFACE"), std::string::npos);
  EXPECT_NE(error(Driver::kMacvlan, "macvlan_mode", "source").find("vepa"), std::string::npos);
}

}  // namespace
}  // namespace planet::network
