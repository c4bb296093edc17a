#include "network/links.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "network/net_test.h"

namespace planet::network {
namespace {

TEST(LinkNameTest, IsShortAndTellsIdentitiesApart) {
  const std::string name = link_name(LinkKind::kBridge, "4f1c; drop table");
  EXPECT_EQ(name.size(), 15U);
  EXPECT_TRUE(name.starts_with("plb"));
  EXPECT_EQ(name.find_first_not_of("0123456789abcdef", 3), std::string::npos);
  EXPECT_NE(name, link_name(LinkKind::kBridge, "4f1d"));
  EXPECT_TRUE(link_name(LinkKind::kPort, std::string(300, 'x')).starts_with("plp"));
}

TEST(LinkLocalTest, AddressFollowsTheMac) {
  EXPECT_EQ(link_local(*Mac::parse("02:50:0a:58:01:02")).to_string(), "fe80::50:aff:fe58:102");
}

class LinksTest : public testing::Test {
 protected:
  void SetUp() override {
    fds_ = open_fds();
    original_ = own_net_ns();
    if (::unshare(CLONE_NEWNET) < 0) GTEST_SKIP() << "needs root, for network namespaces";
    links_.emplace(std::move(*Links::open()));
    inside_ns_ = new_net_ns();
    inside_.emplace(links_in(inside_ns_));
  }

  void TearDown() override {
    links_.reset();
    inside_.reset();
    inside_ns_.reset();
    EXPECT_EQ(::setns(original_.borrow().get(), CLONE_NEWNET), 0);
    original_.reset();
    EXPECT_EQ(open_fds(), fds_);
  }

  // Who is seen to send to `to`, with as many tries as a client makes.
  static std::optional<std::string> first_sender(const UniqueFd& from, const UniqueFd& to,
                                                 const char* at) {
    for (int round = 0; round < 20; ++round) {
      send_to(from, address(at), 7);
      if (auto seen = sender(to, 200)) return seen;
    }
    return std::nullopt;
  }

  void make_bridge(unsigned mtu = 1500) {
    const auto made =
        links_->ensure_bridge({.name = "plb0",
                               .mac = kBridgeMac,
                               .mtu = mtu,
                               .addresses = {{address("10.88.0.1"), 24}, {address("fd88::1"), 64}},
                               .route_localnet = true});
    ASSERT_TRUE(made) << made.error().to_string();
  }
  static Veth veth(const std::string& port = "plp0") {
    return {.host_name = port,
            .name = "eth0",
            .bridge = "plb0",
            .mac = Mac::of_ipv4(address("10.88.0.2")),
            .mtu = 1500,
            .isolated = false,
            .hairpin = false};
  }
  static Interface interface() {
    return {.name = "eth0",
            .mac = Mac::of_ipv4(address("10.88.0.2")),
            .addresses = {{address("10.88.0.2"), 24}, {address("fd88::2"), 64}},
            .gateways = {address("10.88.0.1"), address("fd88::1")}};
  }
  void attach() {
    const auto made = links_->create_veth(veth(), inside_ns_.borrow());
    ASSERT_TRUE(made) << made.error().to_string();
    const auto connected = links_->connect_veth(veth(), *inside_, interface());
    ASSERT_TRUE(connected) << connected.error().to_string();
  }

  const Mac kBridgeMac = Mac::from_bytes({0x02, 0x50, 0, 0, 0, 1});
  std::optional<Links> links_, inside_;
  UniqueFd inside_ns_;
  std::ptrdiff_t fds_ = 0;
  UniqueFd original_;  // the network that the test program is in
};

TEST_F(LinksTest, MakesABridgeTwice) {
  make_bridge();
  make_bridge(1400);
  const std::string said = shell("ip -d address show plb0");
  for (const char* part : {"02:50:00:00:00:01", "mtu 1400", "stp_state 0", "mcast_snooping 0",
                           "inet 10.88.0.1/24", "inet6 fd88::1/64", ",UP"})
    EXPECT_TRUE(said.contains(part)) << part << " in " << said;
  EXPECT_TRUE(said.contains("fe80::50:ff:fe00:1/64")) << said;
  EXPECT_FALSE(said.contains("tentative")) << said;
  EXPECT_EQ(shell("cat /proc/sys/net/ipv4/conf/plb0/route_localnet"), "1\n");
  EXPECT_EQ(shell("cat /proc/sys/net/ipv4/conf/all/route_localnet"), "0\n");
  EXPECT_EQ(shell("cat /proc/sys/net/ipv6/conf/plb0/accept_ra"), "0\n");
}

TEST_F(LinksTest, HasNoIpv6WhereNoneIsWanted) {
  ASSERT_TRUE(links_->ensure_bridge({.name = "plb4",
                                     .mac = kBridgeMac,
                                     .mtu = 1500,
                                     .addresses = {{address("10.1.0.1"), 16}},
                                     .route_localnet = false}));
  EXPECT_EQ(shell("cat /proc/sys/net/ipv6/conf/plb4/disable_ipv6"), "1\n");
}

TEST_F(LinksTest, AttachesAContainerThatIsReached) {
  make_bridge();
  attach();
  // In either direction. A first datagram may be lost, until the kernel's worker has seen the carrier.
  const UniqueFd here = own_net_ns();
  for (const auto& [gateway, own] : {std::pair{"10.88.0.1", "10.88.0.2"}, {"fd88::1", "fd88::2"}}) {
    const UniqueFd server = bound(here, SOCK_DGRAM, address(gateway), 7);
    const UniqueFd client = bound(inside_ns_, SOCK_DGRAM, address(own), 7);
    EXPECT_EQ(first_sender(client, server, gateway), own);
    EXPECT_EQ(first_sender(server, client, own), gateway);
  }
  const std::string port = shell("bridge -d link show dev plp0");
  for (const char* part :
       {"state forwarding", "hairpin off", "learning off", "flood off", "isolated off"})
    EXPECT_TRUE(port.contains(part)) << part << " in " << port;
  EXPECT_TRUE(shell("bridge fdb show dev plp0").contains("02:42:0a:58:00:02 master plb0 static"));
  EXPECT_FALSE(shell("ip address show plp0").contains("fe80"));
  const InNamespace inside(inside_ns_);
  const std::string said = shell("ip address show eth0; ip route; ip -6 route");
  for (const char* part : {"inet 10.88.0.2/24 brd 10.88.0.255", "fe80::42:aff:fe58:2/64",
                           "default via 10.88.0.1", "default via fd88::1", "02:42:0a:58:00:02"})
    EXPECT_TRUE(said.contains(part)) << part << " in " << said;
  EXPECT_FALSE(said.contains("tentative")) << said;
}

TEST_F(LinksTest, AnotherLinkBecomesTheWayOut) {
  make_bridge();
  attach();
  const Address other = address("10.88.0.9");
  const auto routes = [&] {
    const InNamespace inside(inside_ns_);
    return shell("ip route show default");
  };
  EXPECT_TRUE(routes().contains("via 10.88.0.1"));
  Interface own{.name = "eth0", .mac = {}, .addresses = {}, .gateways = {other}};
  ASSERT_TRUE(inside_->route(own));
  EXPECT_TRUE(routes().contains("via 10.88.0.9 dev eth0"));
  EXPECT_FALSE(routes().contains("via 10.88.0.1"));
  own.name = "eth9";
  EXPECT_EQ(inside_->route(own).error().code(), Code::kNotFound);
}

TEST_F(LinksTest, SaysWhatIsTakenAndRemovesTwice) {
  make_bridge();
  attach();
  EXPECT_EQ(links_->create_veth(veth(), inside_ns_.borrow()).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(links_->create_veth(veth("plp1"), inside_ns_.borrow()).error().code(),
            Code::kAlreadyExists);
  EXPECT_FALSE(*links_->exists("plp1"));
  auto nowhere = veth("plp2");
  nowhere.bridge = "plb9";
  EXPECT_EQ(links_->create_veth(nowhere, inside_ns_.borrow()).error().code(), Code::kNotFound);
  EXPECT_TRUE(links_->remove("plp0"));
  EXPECT_TRUE(links_->remove("plp0"));
  EXPECT_FALSE(*inside_->exists("eth0"));
}

TEST_F(LinksTest, ListsLinksAndTheirBridge) {
  make_bridge();
  attach();
  const auto all = links_->list(kLinkPrefix);
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2U);
  const auto bridge = std::ranges::find(*all, "plb0", &Link::name);
  const auto port = std::ranges::find(*all, "plp0", &Link::name);
  ASSERT_NE(bridge, all->end());
  ASSERT_NE(port, all->end());
  EXPECT_EQ(port->master, bridge->number);
  EXPECT_EQ(bridge->master, 0);
  EXPECT_TRUE(links_->list("other")->empty());
}

TEST_F(LinksTest, KnowsWhatTheHostUses) {
  make_bridge();
  attach();
  ASSERT_EQ(shell("ip route add 172.20.0.0/14 via 10.88.0.7; ip route add default via 10.88.0.9;"
                  "ip -6 route add 2001:db8::/32 via fd88::9; ip route add 10.200.0.0/16 via "
                  "10.88.0.7 table 77"),
            "");
  const auto used = links_->used_prefixes();
  ASSERT_TRUE(used);
  const auto has = [&](const char* text) {
    return std::ranges::count(*used, *Prefix::parse(text)) > 0;
  };
  for (const char* there :
       {"10.88.0.0/24", "fd88::/64", "172.20.0.0/14", "2001:db8::/32", "10.200.0.0/16"})
    EXPECT_TRUE(has(there)) << there;
  EXPECT_FALSE(has("0.0.0.0/0"));
  EXPECT_FALSE(has("::/0"));
}

TEST_F(LinksTest, MakesMacvlansThatReachEachOther) {
  make_bridge();
  attach();
  const UniqueFd other_ns = new_net_ns();
  const UniqueFd third_ns = new_net_ns();
  const auto add = [&](const UniqueFd& ns, const char* own) {
    const auto made = links_->create_macvlan(
        {.name = "eth0", .parent = "plb0", .mac = Mac::of_ipv4(address(own)), .mtu = 1500},
        ns.borrow());
    ASSERT_TRUE(made) << made.error().to_string();
    Links inside = links_in(ns);
    ASSERT_TRUE(inside.furnish({.name = "eth0",
                                .mac = Mac::of_ipv4(address(own)),
                                .addresses = {{address(own), 24}},
                                .gateways = {}}));
  };
  add(other_ns, "10.88.0.20");
  add(third_ns, "10.88.0.21");
  const UniqueFd server = bound(third_ns, SOCK_DGRAM, address("10.88.0.21"), 7);
  send_to(unbound(other_ns, SOCK_DGRAM, address("10.88.0.20")), address("10.88.0.21"), 7);
  EXPECT_EQ(sender(server, kArrives), "10.88.0.20");
  EXPECT_EQ(links_
                ->create_macvlan({.name = "eth0", .parent = "none", .mac = {}, .mtu = 1500},
                                 other_ns.borrow())
                .error()
                .code(),
            Code::kNotFound);
}

}  // namespace
}  // namespace planet::network
