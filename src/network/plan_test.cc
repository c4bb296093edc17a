#include "network/plan.h"

#include <gtest/gtest.h>

namespace planet::network {
namespace {

Surroundings surroundings() {
  Network web;
  web.name = "web";
  web.id = std::string(64, 'a');
  web.subnets = {
      {.prefix = *Prefix::parse("10.78.0.0/24"), .gateway = *Address::parse("10.78.0.1")}};
  return {.networks = {web},
          .host = {*Prefix::parse("0.0.0.0/0"), *Prefix::parse("10.78.1.0/24")},
          .pools = {},
          .ipv6_site = *Prefix::parse("fd12:3456:789a::/48")};
}

// The subnets of the network, and their gateways: "10.1.2.0/24 10.1.2.1"; or the error.
std::string planned(const Wish& wish) {
  const auto network = plan_network(wish, surroundings());
  if (!network) return network.error().to_string();
  std::string text;
  for (const Subnet& subnet : network->subnets)
    text +=
        (text.empty() ? "" : ", ") + subnet.prefix.to_string() + " " + subnet.gateway.to_string();
  return text;
}

Wish wish(const std::vector<std::string>& subnets = {}) {
  Wish wish;
  wish.name = "net";
  wish.subnets = subnets;
  return wish;
}

TEST(PlanTest, ChoosesWhatIsNotGiven) {
  EXPECT_EQ(planned(wish()), "10.78.2.0/24 10.78.2.1");
  Wish six = wish();
  six.ipv6 = true;
  EXPECT_EQ(planned(six), "10.78.2.0/24 10.78.2.1, fd12:3456:789a::/64 fd12:3456:789a::1");
  six.ipv4 = false;
  EXPECT_EQ(planned(six), "fd12:3456:789a::/64 fd12:3456:789a::1");
  EXPECT_EQ(planned(wish({"fd00:1::/64"})), "10.78.2.0/24 10.78.2.1, fd00:1::/64 fd00:1::1");
}

TEST(PlanTest, TheDefaultNetworkIsLarger) {
  const auto network = plan_default_network(surroundings());
  ASSERT_TRUE(network);
  EXPECT_EQ(network->name, "bridge");
  EXPECT_EQ(network->bridge(), "planet0");
  EXPECT_EQ(network->subnets[0].prefix.to_string(), "10.76.0.0/16");
}

TEST(PlanTest, ChoosesFromThePoolsOfTheHost) {
  Surroundings around = surroundings();
  around.pools = {{*Prefix::parse("10.10.0.0/16"), 28}};
  const auto four = plan_network(wish(), around);
  ASSERT_TRUE(four);
  EXPECT_EQ(four->subnets[0].prefix.to_string(), "10.10.0.0/28");
  EXPECT_EQ(plan_default_network(around)->subnets[0].prefix.to_string(), "10.10.0.0/28");
  // A family without a pool has the usual ones.
  around.pools = {{*Prefix::parse("fd00:1::/48"), 64}};
  Wish both = wish();
  both.ipv6 = true;
  const auto six = plan_network(both, around);
  ASSERT_TRUE(six);
  EXPECT_EQ(six->subnets[0].prefix.to_string(), "10.78.2.0/24");
  EXPECT_EQ(six->subnets[1].prefix.to_string(), "fd00:1::/64");
  EXPECT_EQ(plan_default_network(around)->subnets[0].prefix.to_string(), "10.76.0.0/16");
}

TEST(PlanTest, PartsBelongToTheSubnetThatTheyAreIn) {
  Wish both = wish({"fd00:1::/64", "10.1.0.0/16"});
  both.gateways = {"10.1.9.9", "fd00:1::9"};
  both.ranges = {"10.1.5.0/24"};
  both.others = {"router=10.1.0.1", "printer=fd00:1::1"};
  const auto network = plan_network(both, surroundings());
  ASSERT_TRUE(network) << network.error().to_string();
  EXPECT_EQ(planned(both), "10.1.0.0/16 10.1.9.9, fd00:1::/64 fd00:1::9");
  EXPECT_EQ(network->subnets[0].range->to_string(), "10.1.5.0/24");
  EXPECT_EQ(network->subnets[0].others.at("router").to_string(), "10.1.0.1");
  both.gateways.clear();
  EXPECT_EQ(planned(both), "10.1.0.0/16 10.1.0.2, fd00:1::/64 fd00:1::2");
  EXPECT_EQ(planned(wish({"10.1.0.0/31"})), "10.1.0.0/31 10.1.0.0");
}

TEST(PlanTest, RefusesInOneSentence) {
  const auto with = [](auto change) {
    Wish one = wish({"10.1.0.0/16"});
    change(one);
    return planned(one);
  };
  EXPECT_EQ(with([](Wish& w) { w.name = "web"; }),
            "network with name web already exists; remove it, or choose another name");
  EXPECT_EQ(with([](Wish& w) { w.driver = "overlay"; }),
            "--driver \"overlay\": the drivers are bridge and macvlan");
  EXPECT_EQ(with([](Wish& w) { w.driver = "null"; }),
            "--driver \"null\": the drivers are bridge and macvlan");
  EXPECT_EQ(with([](Wish& w) { w.subnets = {"10.78.0.128/25"}; }),
            "subnet 10.78.0.128/25 overlaps 10.78.0.0/24 of network web; choose another");
  EXPECT_EQ(with([](Wish& w) { w.subnets = {"10.1.2.3/24"}; }),
            "--subnet \"10.1.2.3/24\": it should be 10.1.2.0/24");
  EXPECT_EQ(with([](Wish& w) { w.subnets = {"10.1.0.0/16", "10.2.0.0/16"}; }),
            "--subnet \"10.2.0.0/16\": a network has one subnet of IPv4 and one of IPv6");
  EXPECT_EQ(with([](Wish& w) { w.ipv4 = false; }),
            "--subnet \"10.1.0.0/16\": --ipv4=false is given, too");
  EXPECT_EQ(with([](Wish& w) { w.gateways = {"10.2.0.1"}; }),
            "--gateway \"10.2.0.1\": it is in none of the given subnets");
  EXPECT_EQ(with([](Wish& w) { w.subnets.clear(), w.gateways = {"10.2.0.1"}; }),
            "--gateway \"10.2.0.1\": it needs --subnet, too");
  EXPECT_EQ(with([](Wish& w) { w.gateways = {"10.1.0.1", "10.1.0.2"}; }),
            "--gateway \"10.1.0.2\": the subnet has a gateway already");
  EXPECT_EQ(with([](Wish& w) { w.ranges = {"10.1.0.0/15"}; }),
            "--ip-range \"10.1.0.0/15\": it should be 10.0.0.0/15");
  EXPECT_EQ(with([](Wish& w) { w.ranges = {"10.0.0.0/15"}; }),
            "--ip-range \"10.0.0.0/15\": it is in none of the given subnets");
  EXPECT_EQ(with([](Wish& w) { w.others = {"10.1.0.1"}; }),
            "--aux-address \"10.1.0.1\": expected NAME=ADDRESS");
  EXPECT_EQ(with([](Wish& w) { w.others = {"a=10.1.0.1", "a=10.1.0.2"}; }),
            "--aux-address \"a=10.1.0.2\": the name is given twice");
  EXPECT_NE(with([](Wish& w) { w.others = {"a=x"}; }).find("is not an IP address"),
            std::string::npos);
  EXPECT_EQ(with([](Wish& w) { w.gateways = {"10.1.0.7"}, w.others = {"a=10.1.0.7"}; }),
            "--aux-address \"a\": its address is the gateway's");
  EXPECT_EQ(with([](Wish& w) { w.options = {{"com.docker.network.bridge.name", "planet0"}}; }),
            "the bridge planet0 is that of network bridge; choose another name");
  EXPECT_EQ(
      with([](Wish& w) { w.options = {{"com.docker.network.bridge.name", "pl-aaaaaaaaaaaa"}}; }),
      "the bridge pl-aaaaaaaaaaaa is that of network web; choose another name");
  EXPECT_LT(with([](Wish& w) { w.subnets = {std::string(5000, '1')}; }).size(), 400U);
}

}  // namespace
}  // namespace planet::network
