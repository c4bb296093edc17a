#include "engine/connections.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using network::Address;

Address address(const char* text) {
  return *Address::parse(text);
}

Connections example() {
  Connections all;
  Connection blue{.network = "blue",
                  .network_id = std::string(64, 'b'),
                  .bridge = "pl-bbbbbbbbbbbb",
                  .port = "plp0123456789ab",
                  .interface = {},
                  .internal = false};
  blue.interface.name = "eth0";
  blue.interface.mac = *network::Mac::parse("02:42:0a:58:00:02");
  blue.interface.addresses = {{address("10.88.0.2"), 24}, {address("fd00::2"), 64}};
  blue.interface.gateways = {address("10.88.0.1"), address("fd00::1")};
  Connection wide{.network = "wide",
                  .network_id = std::string(64, 'a'),
                  .bridge = "",
                  .port = "",
                  .interface = {},
                  .internal = true};
  wide.interface.name = "eth1";
  wide.interface.mac = *network::Mac::parse("02:42:0a:58:00:03");
  wide.interface.addresses = {{address("192.0.2.3"), 32}};
  all.networks = {blue, wide};
  all.published = {{address("127.0.0.1"), 8080, 80, network::Protocol::kTcp},
                   {address("::"), 53, 53, network::Protocol::kUdp}};
  return all;
}

TEST(Connections, AreReadAsTheyWereWritten) {
  const std::string text = connections_text(example());
  const auto read = parse_connections(text);
  ASSERT_TRUE(read) << read.error().to_string();
  EXPECT_EQ(connections_text(*read), text);
  EXPECT_EQ(read->published, example().published);
  EXPECT_EQ(read->networks[0].interface.mac, example().networks[0].interface.mac);
  EXPECT_EQ(read->networks[0].interface.addresses[1].length, 64U);
  EXPECT_TRUE(read->networks[1].internal);
}

TEST(Connections, PortsLeadToTheFirstAddressOfAFamilyThatCanBeReached) {
  Connections all = example();
  EXPECT_EQ(all.address_of(network::Family::kIpv4), address("10.88.0.2"));
  EXPECT_EQ(all.address_of(network::Family::kIpv6), address("fd00::2"));
  EXPECT_EQ(Connections().address_of(network::Family::kIpv6), std::nullopt);
  std::swap(all.networks[0], all.networks[1]);  // a macvlan is not reached from its own host
  EXPECT_EQ(all.address_of(network::Family::kIpv4), address("10.88.0.2"));
  all.networks[0].bridge = "pl-aaaaaaaaaaaa";
  EXPECT_EQ(all.address_of(network::Family::kIpv4), address("10.88.0.2"));
  all.networks.pop_back();  // only the internal one is left
  EXPECT_EQ(all.address_of(network::Family::kIpv4), address("192.0.2.3"));
}

network::Network network_with(std::string_view subnet, bool internal) {
  network::Network made;
  const network::Prefix prefix = *network::Prefix::parse(subnet);
  made.subnets = {
      {.prefix = prefix, .gateway = *prefix.first().plus(1), .range = {}, .others = {}}};
  made.internal = internal;
  return made;
}

TEST(Connections, DefaultRoutesAreThoseOfTheFirstNetworksWithAWayOut) {
  std::vector<network::Network> networks{network_with("10.1.0.0/24", true),
                                         network_with("10.2.0.0/24", false),
                                         network_with("10.3.0.0/24", false)};
  networks[2].subnets.push_back(network_with("fd00:3::/64", false).subnets.front());
  Connections all;
  all.networks.resize(3);
  assign_gateways(all, networks);
  EXPECT_TRUE(all.networks[0].interface.gateways.empty());
  EXPECT_EQ(all.networks[1].interface.gateways, std::vector{address("10.2.0.1")});
  EXPECT_EQ(all.networks[2].interface.gateways, std::vector{address("fd00:3::1")});
  all.networks.erase(all.networks.begin() + 1);
  networks.erase(networks.begin() + 1);
  assign_gateways(all, networks);
  EXPECT_EQ(all.networks[1].interface.gateways,
            (std::vector{address("10.3.0.1"), address("fd00:3::1")}));
}

TEST(Connections, AreRefusedWhereTheyAreNot) {
  const std::string text = connections_text(example());
  const auto with = [&](std::string_view what, std::string_view instead) {
    std::string changed = text;
    changed.replace(changed.find(what), what.size(), instead);
    return parse_connections(changed);
  };
  EXPECT_FALSE(with("10.88.0.2/24", "10.88.0.2"));
  EXPECT_FALSE(with("10.88.0.2/24", "10.88.0.2/33"));
  EXPECT_FALSE(with("02:42:0a:58:00:02", "02"));
  EXPECT_FALSE(with("127.0.0.1:8080:80", "8080:80"));
  EXPECT_FALSE(with("127.0.0.1:8080:80", "127.0.0.1:8080-8081:80-81"));
  EXPECT_FALSE(parse_connections("[]"));
}

}  // namespace
}  // namespace planet::engine
