#include "engine/network_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using network::Address;
using testing::HasSubstr;

Record example_record() {
  Record record;
  record.id = std::string(64, 'c');
  record.name = "shop";
  record.hostname = "shop-host";
  record.attachments = {*network::parse_attachment("name=blue,alias=db,alias=shop,ip=10.88.0.2"),
                        *network::parse_attachment("lan")};
  record.exposed = {*network::parse_exposed("", "80"), *network::parse_exposed("", "443")};
  return record;
}

Connections example_connections() {
  Connection blue{
      .network = "blue",
      .network_id = std::string(64, 'b'),
      .bridge = "pl-b",
      .port = "plp1",
      .interface = {.name = "eth0",
                    .mac = *network::Mac::parse("02:42:0a:58:00:02"),
                    .addresses = {{*Address::parse("10.88.0.2"), 24},
                                  {*Address::parse("fd00::2"), 64}},
                    .gateways = {*Address::parse("10.88.0.1"), *Address::parse("fd00::1")}},
      .internal = false};
  return {.networks = {blue},
          .published = {{*Address::parse("0.0.0.0"), 8080, 80, network::Protocol::kTcp}}};
}

TEST(NetworkReport, OfAContainerThatIsConnected) {
  const auto settings = network_settings(example_record(), example_connections());
  EXPECT_EQ(oci::to_text(settings.at("Ports")),
            R"({"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}],"443/tcp":null})");
  // These are of the default network.
  EXPECT_EQ(settings.at("IPAddress").as_string(), "");
  oci::json::object blue = settings.at("Networks").at("blue").as_object();
  EXPECT_EQ(blue.at("EndpointID").as_string().size(), 64U);
  blue["EndpointID"] = "";
  EXPECT_EQ(
      oci::to_text(blue),
      R"({"IPAMConfig":{"IPv4Address":"10.88.0.2"},"Links":null,"Aliases":["db","shop"],)"
      R"("DriverOpts":null,"NetworkID":")" +
          std::string(64, 'b') +
          R"(","EndpointID":"","DNSNames":["shop","db","cccccccccccc","shop-host"],"Gateway":"10.88.0.1",)"
          R"("IPAddress":"10.88.0.2","IPPrefixLen":24,"IPv6Gateway":"fd00::1",)"
          R"("GlobalIPv6Address":"fd00::2","GlobalIPv6PrefixLen":64,)"
          R"("MacAddress":"02:42:0a:58:00:02"})");
  // It is to be in this one, too, and is not.
  const auto& lan = settings.at("Networks").at("lan").as_object();
  EXPECT_EQ(lan.at("EndpointID").as_string(), "");
  EXPECT_EQ(lan.at("IPAddress").as_string(), "");
  EXPECT_TRUE(lan.at("IPAMConfig").is_null());
}

TEST(NetworkReport, OfTheDefaultNetworkIsSaidTwice) {
  Record record = example_record();
  record.attachments = {*network::parse_attachment("default")};
  Connections connections = example_connections();
  connections.networks.front().network = "bridge";
  const auto settings = network_settings(record, connections);
  EXPECT_EQ(settings.at("IPAddress").as_string(), "10.88.0.2");
  EXPECT_EQ(settings.at("MacAddress").as_string(), "02:42:0a:58:00:02");
  EXPECT_EQ(settings.at("EndpointID"), settings.at("Networks").at("bridge").at("EndpointID"));
  EXPECT_TRUE(settings.at("Networks").at("bridge").at("DNSNames").is_null());
}

TEST(NetworkReport, OfAContainerThatIsConnectedToNothing) {
  Record record;
  const auto names = [&] {
    std::string all;
    const auto settings = network_settings(record, {});
    EXPECT_EQ(oci::to_text(settings.at("Ports")), "{}");
    for (const auto& [name, unused] : settings.at("Networks").as_object())
      all.append(name.data(), name.size()).append(" ");
    return all;
  };
  EXPECT_EQ(names(), "none ");
  record.host_network = true;
  EXPECT_EQ(names(), "host ");
  record.host_network = false;
  record.shared.network = "container:x";
  EXPECT_EQ(names(), "");
  record = example_record();
  EXPECT_EQ(names(), "blue lan ");
}

}  // namespace
}  // namespace planet::engine
