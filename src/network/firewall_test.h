// What tests of the firewall share: a host with bridges, containers on them and a neighbour, all of it network namespaces of
// the test's own, and the rules in them.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "network/firewall.h"
#include "network/links.h"
#include "network/net_test.h"

namespace planet::network {

inline constexpr std::uint8_t kTcp = IPPROTO_TCP, kUdp = IPPROTO_UDP;

// The host is this thread's namespace; containers "a" and "b" are on one bridge, "c" on another, "i" and "j" on an internal
// one, and "neighbour" is on a network that is none of ours. Each has the last byte of its addresses from its place here.
// The parameter is net.bridge.bridge-nf-call-iptables: with it, frames within a bridge meet the rules, too.
class FirewallTest : public testing::TestWithParam<const char*> {
 protected:
  struct Container {
    UniqueFd ns;
    Veth veth;
    Address ipv4, ipv6;
  };

  void SetUp() override {
    char name[] = "/tmp/planet-firewall-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    run_path_ = name;
    fds_ = open_fds();
    run_dir_ = UniqueFd(::open(name, O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    original_ = own_net_ns();
    if (::unshare(CLONE_NEWNET) < 0) GTEST_SKIP() << "needs root, for network namespaces";
    host_ = own_net_ns();
    links_.emplace(std::move(*Links::open()));
    auto firewall = Firewall::open("test");
    ASSERT_TRUE(firewall) << firewall.error().to_string();
    firewall_.emplace(std::move(*firewall));
    ASSERT_TRUE(shell("ip link set lo up").empty());
    for (const std::string family : {"iptables", "ip6tables"})
      shell("f=/proc/sys/net/bridge/bridge-nf-call-" + family + "; ! test -e $f || echo " +
            GetParam() + " > $f");
    for (const Family family : {Family::kIpv4, Family::kIpv6})
      ASSERT_TRUE(enable_forwarding(family));
    const auto made = firewall_->ensure(run_dir_.borrow());
    ASSERT_TRUE(made) << made.error().to_string();
    ASSERT_TRUE(*made);
    build();
  }

  void TearDown() override {
    (void)::unlinkat(run_dir_.borrow().get(), "firewall.lock", 0);
    EXPECT_EQ(::rmdir(run_path_.c_str()), 0);
    run_dir_.reset();
    firewall_.reset();
    links_.reset();
    containers_.clear();
    host_.reset();
    EXPECT_EQ(::setns(original_.borrow().get(), CLONE_NEWNET), 0);
    original_.reset();
    EXPECT_EQ(open_fds(), fds_);
  }

  void build() {
    add_bridge("plbA", 88, false, true);
    add_bridge("plbC", 89, false, true);
    add_bridge("plbI", 90, true, true);
    add_bridge("outside", 100, false, false);
    add_container("a", "plbA", 88, 10);
    add_container("b", "plbA", 88, 11);
    add_container("c", "plbC", 89, 10);
    add_container("i", "plbI", 90, 10);
    add_container("j", "plbI", 90, 11);
    add_container("neighbour", "outside", 100, 10);
  }

  static Address ipv4(int net, int host) {
    return address("10." + std::to_string(net) + ".0." + std::to_string(host));
  }
  static Address ipv6(int net, int host) {
    return address("fd00:" + std::to_string(net) + "::" + std::to_string(host));
  }

  void add_bridge(const std::string& name, int net, bool internal, bool ours) {
    Mac mac = Mac::of_ipv4(ipv4(net, 1));
    const auto made = links_->ensure_bridge({.name = name,
                                             .mac = mac,
                                             .mtu = 1500,
                                             .addresses = {{ipv4(net, 1), 24}, {ipv6(net, 1), 64}},
                                             .route_localnet = ours});
    ASSERT_TRUE(made) << made.error().to_string();
    if (!ours) return;
    FirewallChange change;
    change.add_network({.bridge = name, .internal = internal});
    networks_.push_back(change);
    apply(change);
  }

  void add_container(const std::string& name, const std::string& bridge, int net, int host) {
    Container& made = containers_[name];
    made.ns = new_net_ns();
    made.ipv4 = ipv4(net, host);
    made.ipv6 = ipv6(net, host);
    made.veth = {.host_name = "plp" + name,
                 .name = "eth0",
                 .bridge = bridge,
                 .mac = Mac::of_ipv4(made.ipv4),
                 .mtu = 1500,
                 .isolated = false,
                 .hairpin = *GetParam() == '1'};
    ASSERT_TRUE(links_->create_veth(made.veth, made.ns.borrow()));
    Links inside = links_in(made.ns);
    if (bridge != "outside") {
      FirewallChange change;
      change.add_port(
          {.port = made.veth.host_name, .mac = made.veth.mac, .addresses = {made.ipv4, made.ipv6}});
      apply(change);
    }
    const auto connected = links_->connect_veth(made.veth, inside,
                                                {.name = "eth0",
                                                 .mac = made.veth.mac,
                                                 .addresses = {{made.ipv4, 24}, {made.ipv6, 64}},
                                                 .gateways = {ipv4(net, 1), ipv6(net, 1)}});
    ASSERT_TRUE(connected) << connected.error().to_string();
  }

  void apply(const FirewallChange& change) {
    const auto done = firewall_->apply(change);
    ASSERT_TRUE(done) << done.error().to_string();
  }

  void publish(std::uint8_t protocol, std::optional<Address> host, std::uint16_t host_port,
               const Address& to, std::uint16_t port) {
    FirewallChange change;
    change.publish({.protocol = protocol,
                    .host_address = host,
                    .host_port = host_port,
                    .address = to,
                    .port = port});
    apply(change);
  }

  const UniqueFd& ns(const char* name) { return containers_[name].ns; }
  // Whom a datagram is seen from that somebody sends to an address.
  std::optional<std::string> datagram(const UniqueFd& from, const Address& to, std::uint16_t port,
                                      const UniqueFd& server, int milliseconds = kArrives) {
    send_to(unbound(from, SOCK_DGRAM, to), to, port);
    return sender(server, milliseconds);
  }

  std::ptrdiff_t fds_ = 0;
  UniqueFd original_;  // the network that the test program is in
  UniqueFd host_;
  std::optional<Links> links_;
  std::string run_path_;
  UniqueFd run_dir_;
  std::optional<Firewall> firewall_;
  std::map<std::string, Container> containers_;
  std::vector<FirewallChange> networks_;
};

}  // namespace planet::network
