#include "network/attachment.h"

#include <gtest/gtest.h>

namespace planet::network {
namespace {

std::string error_of(std::string_view text) {
  const auto none = parse_attachment(text);
  return none ? "taken" : none.error().to_string();
}

NetworkChoice choice(const std::vector<std::string>& texts, const AttachmentFlags& flags = {}) {
  const auto chosen = choose_networks(texts, flags, "bridge");
  EXPECT_TRUE(chosen) << chosen.error().to_string();
  return chosen ? *chosen : NetworkChoice();
}

std::string refusal(const std::vector<std::string>& texts, const AttachmentFlags& flags = {}) {
  const auto chosen = choose_networks(texts, flags, "bridge");
  return chosen ? "taken" : chosen.error().to_string();
}

TEST(AttachmentTest, ReadsBothForms) {
  EXPECT_EQ(parse_attachment("web")->network, "web");
  EXPECT_EQ(parse_attachment("default")->network, "bridge");
  const auto full = parse_attachment(
      "name=web,alias=db,alias=db.internal,alias=db,ip=10.1.2.3,ip6=fd00::3,"
      "mac-address=02:42:0a:01:02:03,\"driver-opt=com.docker.network.endpoint.ifname=lan0\"");
  ASSERT_TRUE(full) << full.error().to_string();
  EXPECT_EQ(full->network, "web");
  EXPECT_EQ(full->aliases, (std::vector<std::string>{"db", "db.internal"}));
  EXPECT_EQ(full->ipv4->to_string(), "10.1.2.3");
  EXPECT_EQ(full->ipv6->to_string(), "fd00::3");
  EXPECT_EQ(full->mac->to_string(), "02:42:0a:01:02:03");
  EXPECT_EQ(full->interface, "lan0");
  EXPECT_EQ(parse_attachment(attachment_text(*full)), *full);
}

TEST(AttachmentTest, RefusesInOneSentence) {
  struct Case {
    const char* text;
    const char* reason;
  };
  const Case cases[] = {
      {"", "network name"},
      {"../x", "network name"},
      {"a b", "network name"},
      {"alias=x", "name=NETWORK is missing"},
      {"name=", "network name"},
      {"name=a,name=b", "name= is said twice"},
      {"name=host", "\"host\" stands alone"},
      {"none", "\"none\" stands alone"},
      {"name=a,colour=blue", "and not \"colour\""},
      {"name=a,", "and not \"\""},
      {"name=a,alias=-x", "an alias is"},
      {"name=a,alias=_x", "an alias is"},
      {"name=a,alias=a..b", "an alias is"},
      {"name=a,alias=", "an alias is"},
      {"name=a,ip=fd00::1", "expected an IPv4 address"},
      {"name=a,ip6=10.0.0.1", "expected an IPv6 address"},
      {"name=a,ip=10.0.0", "expected an IPv4 address"},
      {"name=a,ip=127.0.0.1", "not an address that a container can have"},
      {"name=a,ip=0.0.0.0", "not an address that a container can have"},
      {"name=a,ip6=ff02::1", "not an address that a container can have"},
      {"name=a,mac-address=01:00:5e:00:00:01", "a group's"},
      {"name=a,mac-address=x", "not a MAC address"},
      {"name=a,link-local-ip=169.254.1.1", "link-local"},
      {"name=a,driver-opt=x", "the only driver option is"},
      {"name=a,driver-opt=com.docker.network.endpoint.ifname=lo", "no name for an interface"},
      {"name=a,driver-opt=com.docker.network.endpoint.ifname=a/b", "no name for an interface"},
      {"name=a,\"alias=x", "a quoted field"},
      {"\"name=a\"x", "a quoted field"},
      {"name=a; drop table ip nat", "network name"},
  };
  for (const Case& c : cases) {
    const std::string error = error_of(c.text);
    EXPECT_NE(error.find(c.reason), std::string::npos) << c.text << ": " << error;
    EXPECT_TRUE(error.starts_with("--network")) << error;
  }
  EXPECT_NE(error_of("name=" + std::string(5000, 'a')).find("too long"), std::string::npos);
  EXPECT_NE(error_of("name=a,alias=" + std::string(64, 'a')).find("an alias"), std::string::npos);
}

TEST(AttachmentTest, ModesStandAlone) {
  EXPECT_EQ(choice({"none"}).mode, NetworkMode::kNone);
  EXPECT_EQ(choice({"host"}).mode, NetworkMode::kHost);
  EXPECT_EQ(choice({"container:web"}).container, "web");
  EXPECT_EQ(choice({}).attachments[0].network, "bridge");
  EXPECT_EQ(choice({"a", "b"}).attachments.size(), 2U);
  EXPECT_NE(refusal({"container:"}).find("the container's name is missing"), std::string::npos);
  EXPECT_NE(refusal({"host", "a"}).find("together"), std::string::npos);
  EXPECT_NE(refusal({"a", "none"}).find("together"), std::string::npos);
  EXPECT_NE(refusal({"none", "none"}).find("together"), std::string::npos);
  EXPECT_NE(refusal({"a", "name=a,alias=x"}).find("named twice"), std::string::npos);
  EXPECT_NE(refusal({"bridge", "default"}).find("named twice"), std::string::npos);
}

TEST(AttachmentTest, FlagsAreOfTheFirstNetwork) {
  AttachmentFlags flags;
  flags.ip = "10.1.2.3";
  flags.ip6 = "fd00::3";
  flags.mac = "02:42:0a:01:02:03";
  flags.aliases = {"db"};
  const NetworkChoice both = choice({"a", "b"}, flags);
  EXPECT_EQ(both.attachments[0].ipv4->to_string(), "10.1.2.3");
  EXPECT_EQ(both.attachments[0].aliases, std::vector<std::string>{"db"});
  EXPECT_EQ(both.attachments[1], *parse_attachment("b"));
  EXPECT_NE(refusal({"name=a,ip=10.1.2.4"}, flags).find("--ip \"10.1.2.3\": it is said in"),
            std::string::npos);
  EXPECT_NE(refusal({"name=a,alias=x"}, flags).find("--network-alias \"db\""), std::string::npos);
  EXPECT_NE(refusal({"host"}, flags).find("of its own"), std::string::npos);
  flags.ip = "300.1.1.1";
  EXPECT_NE(refusal({"a"}, flags).find("--ip \"300.1.1.1\": expected an IPv4"), std::string::npos);
  AttachmentFlags group;
  group.mac = "ff:ff:ff:ff:ff:ff";
  EXPECT_NE(refusal({"a"}, group).find("--mac-address: \"ff:ff"), std::string::npos);
}

TEST(AttachmentTest, OneNetworkIsSaidByFlagsAlone) {
  AttachmentFlags flags{.ip = "10.1.2.3", .ip6 = {}, .mac = {}, .aliases = {"db", "db"}};
  flags.alias_flag = "--alias";
  const auto whole = plan_attachment("default", flags, {"com.docker.network.endpoint.ifname=lan0"});
  ASSERT_TRUE(whole);
  EXPECT_EQ(attachment_text(*whole),
            "name=bridge,alias=db,ip=10.1.2.3,driver-opt=com.docker.network.endpoint.ifname=lan0");
  const auto refused = [&](const std::string& network, const std::vector<std::string>& options) {
    const auto made = plan_attachment(network, flags, options);
    return made ? "" : made.error().to_string();
  };
  EXPECT_NE(refused("a,b", {}).find("a,b"), std::string::npos);
  EXPECT_NE(refused("a", {"x=y"}).find("--driver-opt \"x=y\""), std::string::npos);
  flags.aliases = {"-a"};
  EXPECT_NE(refused("a", {}).find("--alias \"-a\""), std::string::npos);
}

TEST(AttachmentTest, AddressesAreTheNetworks) {
  Network network;
  network.name = "web";
  network.subnets = {{.prefix = *Prefix::parse("10.1.2.0/24"),
                      .gateway = *Address::parse("10.1.2.1"),
                      .range = *Prefix::parse("10.1.2.128/25")}};
  const auto judged = [&](const char* text) {
    const auto checked = check_attachment(*parse_attachment(text), network);
    return checked ? "" : checked.error().to_string();
  };
  EXPECT_EQ(judged("web"), "");
  EXPECT_EQ(judged("name=web,ip=10.1.2.5"), "");  // the range is for those who name no address
  EXPECT_EQ(judged("name=web,ip=10.1.3.5"),
            "address 10.1.3.5: it is not in 10.1.2.0/24, the subnet of network web");
  EXPECT_EQ(judged("name=web,ip=10.1.2.1"), "address 10.1.2.1: in network web it is the gateway's");
  EXPECT_EQ(judged("name=web,ip=10.1.2.255"),
            "address 10.1.2.255: in network web it is for broadcasts");
  EXPECT_EQ(judged("name=web,ip6=fd00::5"), "address fd00::5: network web has no IPv6 addresses");
}

TEST(AttachmentTest, TheDefaultNetworkHasNothingToChoose) {
  Network network;
  network.name = kDefaultNetwork;
  network.subnets = {{.prefix = *Prefix::parse("10.1.2.0/24"),
                      .gateway = *Address::parse("10.1.2.1"),
                      .range = {}}};
  const auto judged = [&](const char* text) {
    const auto checked = check_attachment(*parse_attachment(text), network);
    return checked ? "" : checked.error().to_string();
  };
  EXPECT_EQ(judged("bridge"), "");
  EXPECT_EQ(judged("name=bridge,mac-address=02:42:0a:01:02:05"), "");
  EXPECT_EQ(judged("name=bridge,ip=10.1.2.5"),
            "address 10.1.2.5: none can be chosen in the default network; make a network of your "
            "own with planet network create");
  EXPECT_EQ(judged("name=bridge,ip6=fd00::5").substr(0, 16), "address fd00::5:");
  EXPECT_EQ(judged("name=bridge,alias=db"),
            "alias \"db\": nobody has a name in the default network; make a network of your own "
            "with planet network create");
}

}  // namespace
}  // namespace planet::network
