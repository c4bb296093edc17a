// What the rules let through.
#include "network/firewall_test.h"

#include <utility>

namespace planet::network {
namespace {

INSTANTIATE_TEST_SUITE_P(BridgeNf, FirewallTest, testing::Values("0", "1"),
                         [](const auto& one) { return *one.param == '1' ? "On" : "Off"; });

TEST_P(FirewallTest, PublishesToNeighboursWhoKeepTheirAddress) {
  for (const bool six : {false, true}) {
    const Container& a = containers_["a"];
    const Address to = six ? a.ipv6 : a.ipv4;
    const Address own = six ? ipv6(100, 1) : ipv4(100, 1);
    const std::string seen = (six ? ipv6(100, 10) : ipv4(100, 10)).to_string();
    publish(kTcp, std::nullopt, 8080, to, 80);
    publish(kUdp, own, 5353, to, 53);
    const UniqueFd tcp = bound(a.ns, SOCK_STREAM, to, 80);
    const UniqueFd udp = bound(a.ns, SOCK_DGRAM, to, 53);
    EXPECT_EQ(connection(ns("neighbour"), tcp, own, 8080), seen);
    EXPECT_EQ(datagram(ns("neighbour"), own, 5353, udp), seen);
    // Of one address only: the same port of another is not there.
    const Address other = six ? ipv6(89, 1) : ipv4(89, 1);
    EXPECT_EQ(datagram(ns("c"), other, 5353, udp, kDoesNotArrive), std::nullopt);
    EXPECT_EQ(connection(ns("c"), tcp, other, 8080),
              (six ? ipv6(89, 10) : ipv4(89, 10)).to_string());
  }
}

TEST_P(FirewallTest, PublishesToThisHost) {
  const Container& a = containers_["a"];
  const UniqueFd tcp = bound(a.ns, SOCK_STREAM, a.ipv4, 80);
  publish(kTcp, std::nullopt, 8080, a.ipv4, 80);
  publish(kTcp, address("127.0.0.1"), 8081, a.ipv4, 80);
  EXPECT_EQ(connection(host_, tcp, address("127.0.0.1"), 8080), "10.88.0.1");
  EXPECT_EQ(connection(host_, tcp, address("127.0.0.1"), 8081), "10.88.0.1");
  EXPECT_EQ(connection(host_, tcp, ipv4(100, 1), 8080), "10.100.0.1");
  EXPECT_EQ(connection(host_, tcp, ipv4(100, 1), 8081, kDoesNotArrive), std::nullopt);
  EXPECT_EQ(connection(host_, tcp, a.ipv4, 80), "10.88.0.1");

  const UniqueFd tcp6 = bound(a.ns, SOCK_STREAM, a.ipv6, 80);
  publish(kTcp, std::nullopt, 8080, a.ipv6, 80);
  EXPECT_EQ(connection(host_, tcp6, ipv6(100, 1), 8080), "fd00:100::1");
  // Refused at once, and not after a time that a client would wait.
  const UniqueFd refused = unbound(host_, SOCK_STREAM, address("::1"));
  SocketAddress loopback(address("::1"), 8080);
  EXPECT_EQ(::connect(refused.borrow().get(), loopback.raw(), loopback.size), -1);
  EXPECT_EQ(errno, ECONNREFUSED);
}

TEST_P(FirewallTest, PublishesToTheSameBridge) {
  const Container& a = containers_["a"];
  const UniqueFd tcp = bound(a.ns, SOCK_STREAM, a.ipv4, 80);
  const UniqueFd tcp6 = bound(a.ns, SOCK_STREAM, a.ipv6, 80);
  publish(kTcp, std::nullopt, 8080, a.ipv4, 80);
  publish(kTcp, std::nullopt, 8080, a.ipv6, 80);
  for (const char* client : {"b", "a"}) {
    EXPECT_EQ(connection(ns(client), tcp, ipv4(100, 1), 8080), "10.88.0.1") << client;
    EXPECT_EQ(connection(ns(client), tcp6, ipv6(100, 1), 8080), "fd00:88::1") << client;
  }
}

std::string mac_text(const Mac& mac) {
  return {reinterpret_cast<const char*>(mac.bytes().data()), mac.bytes().size()};
}
std::string bytes_text(const Address& address) {
  return {reinterpret_cast<const char*>(address.bytes().data()), address.bytes().size()};
}
std::string be16(unsigned value) {
  return {static_cast<char>(value >> 8U), static_cast<char>(value & 0xffU)};
}

std::string ethernet(const Mac& to, const Mac& from, unsigned type, const std::string& payload) {
  return mac_text(to) + mac_text(from) + be16(type) + payload;
}

// Without a checksum of UDP, which IPv4 lets be 0.
std::string udp_ipv4(const Address& from, const Address& to, unsigned from_port, unsigned port,
                     const std::string& mark) {
  std::string header = std::string("\x45\0", 2) + be16(28 + static_cast<unsigned>(mark.size())) +
                       std::string("\0\0\0\0\x40\x11\0\0", 8) + bytes_text(from) + bytes_text(to);
  unsigned sum = 0;
  for (std::size_t at = 0; at < header.size(); at += 2) {
    sum += unsigned{static_cast<unsigned char>(header[at])} << 8U;
    sum += static_cast<unsigned char>(header[at + 1]);
  }
  sum = (sum & 0xffffU) + (sum >> 16U);
  header.replace(10, 2, be16(~sum & 0xffffU));
  return header + be16(from_port) + be16(port) + be16(8 + static_cast<unsigned>(mark.size())) +
         be16(0) + mark;
}

std::string arp_reply(const Mac& from, const Address& own, const Mac& to, const Address& other) {
  return std::string("\0\1\x08\0\6\4\0\2", 8) + mac_text(from) + bytes_text(own) + mac_text(to) +
         bytes_text(other);
}

std::string icmpv6(const Address& from, const Address& to, char type, const std::string& body) {
  return std::string("\x60\0\0\0", 4) + be16(4 + static_cast<unsigned>(body.size())) + "\x3a\xff" +
         bytes_text(from) + bytes_text(to) + type + std::string(3, '\0') + body;
}

// K3: what is published on 127.0.0.1 is there for this host alone.
TEST_P(FirewallTest, KeepsTheLoopbackNetworkFromNeighbours) {
  const Container& a = containers_["a"];
  publish(kUdp, address("127.0.0.1"), 5353, a.ipv4, 53);
  publish(kUdp, std::nullopt, 5354, a.ipv4, 53);
  const UniqueFd udp = bound(a.ns, SOCK_DGRAM, a.ipv4, 53);
  const UniqueFd local = bound(host_, SOCK_DGRAM, address("127.0.0.1"), 5355);
  EXPECT_TRUE(datagram(host_, address("127.0.0.1"), 5353, udp));

  const FrameSocket outside(ns("neighbour"), "eth0"), sibling(ns("b"), "eth0"),
      own(ns("c"), "eth0");
  const auto attack = [&](const FrameSocket& from, const Address& source, int net) {
    for (const unsigned port : {5353U, 5354U, 5355U})
      from.send(ethernet(Mac::of_ipv4(ipv4(net, 1)), Mac::of_ipv4(source), ETH_P_IP,
                         udp_ipv4(source, address("127.0.0.1"), 7, port, "attack")));
  };
  const auto attack_all = [&] {
    attack(outside, ipv4(100, 10), 100);
    attack(sibling, ipv4(88, 11), 88);
    attack(own, ipv4(89, 10), 89);
  };
  attack_all();
  EXPECT_EQ(sender(udp, kDoesNotArrive), std::nullopt);
  EXPECT_EQ(sender(local, kDoesNotArrive), std::nullopt);
  // The attack is one: without the rules it gets through, from the neighbour by the translation, from containers by the
  // setting of their bridge.
  shell("nft flush chain inet planettest guard");
  attack_all();
  EXPECT_TRUE(sender(udp, kArrives));
  EXPECT_TRUE(sender(local, kArrives));
}

TEST_P(FirewallTest, MasqueradesWhatGoesOutAndTakesNothingUnaskedIn) {
  for (const bool six : {false, true}) {
    const Container& a = containers_["a"];
    const Address own = six ? a.ipv6 : a.ipv4;
    const Address out = six ? ipv6(100, 10) : ipv4(100, 10);
    const UniqueFd outside = bound(ns("neighbour"), SOCK_STREAM, out, 80);
    EXPECT_EQ(connection(a.ns, outside, out, 80), (six ? ipv6(100, 1) : ipv4(100, 1)).to_string());
    // The neighbour knows the way, by its default route.
    const UniqueFd udp = bound(a.ns, SOCK_DGRAM, own, 53);
    EXPECT_FALSE(datagram(ns("neighbour"), own, 53, udp, kDoesNotArrive));
    EXPECT_TRUE(datagram(host_, own, 53, udp));
  }
  const UniqueFd udp = bound(ns("a"), SOCK_DGRAM, ipv4(88, 10), 54);
  shell("nft flush chain inet planettest forward");
  EXPECT_TRUE(datagram(ns("neighbour"), ipv4(88, 10), 54, udp));
}

TEST_P(FirewallTest, KeepsBridgesApart) {
  for (const bool six : {false, true}) {
    const Address of_c = six ? ipv6(89, 10) : ipv4(89, 10);
    const UniqueFd udp = bound(ns("c"), SOCK_DGRAM, of_c, 53);
    EXPECT_FALSE(datagram(ns("a"), of_c, 53, udp, kDoesNotArrive));
    const Address of_b = six ? ipv6(88, 11) : ipv4(88, 11);
    const UniqueFd same = bound(ns("b"), SOCK_DGRAM, of_b, 53);
    EXPECT_TRUE(datagram(ns("a"), of_b, 53, same));
    publish(kUdp, std::nullopt, 5353, of_c, 53);
    const Address of_host = six ? ipv6(88, 1) : ipv4(88, 1);
    EXPECT_EQ(datagram(ns("a"), of_host, 5353, udp),
              (six ? ipv6(88, 10) : ipv4(88, 10)).to_string());
  }
}

TEST_P(FirewallTest, LetsNothingInOrOutOfAnInternalNetwork) {
  const UniqueFd of_i = bound(ns("i"), SOCK_DGRAM, ipv4(90, 10), 53);
  const UniqueFd outside = bound(ns("neighbour"), SOCK_DGRAM, ipv4(100, 10), 53);
  const UniqueFd of_a = bound(ns("a"), SOCK_DGRAM, ipv4(88, 10), 53);
  publish(kUdp, std::nullopt, 5353, ipv4(90, 10), 53);
  publish(kUdp, std::nullopt, 5354, ipv4(88, 10), 53);
  EXPECT_FALSE(datagram(ns("i"), ipv4(100, 10), 53, outside, kDoesNotArrive));
  EXPECT_FALSE(datagram(ns("i"), ipv4(100, 1), 5354, of_a, kDoesNotArrive));
  EXPECT_FALSE(datagram(ns("neighbour"), ipv4(100, 1), 5353, of_i, kDoesNotArrive));
  EXPECT_FALSE(datagram(ns("a"), ipv4(88, 1), 5353, of_i, kDoesNotArrive));
  EXPECT_TRUE(datagram(ns("j"), ipv4(90, 10), 53, of_i));
}

// K9: neither at the gateway nor at another address of its own; who is asked by this host may answer.
TEST_P(FirewallTest, LetsAnInternalNetworkReachNothingOfThisHost) {
  for (const bool six : {false, true}) {
    const auto of = [&](int net, int host) { return six ? ipv6(net, host) : ipv4(net, host); };
    const UniqueFd gateway = bound(host_, SOCK_DGRAM, of(90, 1), 53);
    const UniqueFd other = bound(host_, SOCK_DGRAM, of(100, 1), 53);
    const UniqueFd inside = bound(ns("i"), SOCK_STREAM, of(90, 10), 80);
    EXPECT_FALSE(datagram(ns("i"), of(90, 1), 53, gateway, kDoesNotArrive));
    EXPECT_FALSE(datagram(ns("i"), of(100, 1), 53, other, kDoesNotArrive));
    EXPECT_EQ(connection(host_, inside, of(90, 10), 80), of(90, 1).to_string());
    const UniqueFd usual = bound(host_, SOCK_DGRAM, of(88, 1), 53);
    EXPECT_TRUE(datagram(ns("a"), of(88, 1), 53, usual));
  }
  const UniqueFd gateway = bound(host_, SOCK_DGRAM, ipv4(90, 1), 54);
  shell("nft flush chain inet planettest input");
  EXPECT_TRUE(datagram(ns("i"), ipv4(90, 1), 54, gateway));
}

TEST_P(FirewallTest, LetsNoContainerSpeakForAnother) {
  const Mac a = Mac::of_ipv4(ipv4(88, 10)), b = Mac::of_ipv4(ipv4(88, 11)),
            gateway = Mac::of_ipv4(ipv4(88, 1));
  const Address a4 = ipv4(88, 10), b4 = ipv4(88, 11), a6 = ipv6(88, 10), b6 = ipv6(88, 11);
  const FrameSocket from(ns("a"), "eth0"), to(ns("b"), "eth0");
  const Mac all = Mac::from_bytes({0xff, 0xff, 0xff, 0xff, 0xff, 0xff});
  const auto passes = [&](const std::string& frame, bool expected) {
    from.send(frame);
    return to.sees(frame.substr(14), expected ? kArrives : kDoesNotArrive);
  };
  EXPECT_TRUE(passes(ethernet(b, a, ETH_P_IP, udp_ipv4(a4, b4, 7, 9, "own")), true));
  EXPECT_TRUE(passes(ethernet(all, a, ETH_P_ARP, arp_reply(a, a4, b, b4)), true));
  const std::string reply(4, '\0');
  EXPECT_TRUE(
      passes(ethernet(b, a, ETH_P_IPV6, icmpv6(a6, b6, '\x88', reply + bytes_text(a6))), true));
  EXPECT_TRUE(passes(
      ethernet(b, a, ETH_P_IPV6, icmpv6(address("::"), b6, '\x87', reply + bytes_text(a6))), true));

  const std::pair<const char*, std::string> lies[] = {
      {"the MAC address of another", ethernet(b, b, ETH_P_IP, udp_ipv4(a4, b4, 7, 9, "1"))},
      {"of the gateway", ethernet(b, gateway, ETH_P_IP, udp_ipv4(a4, b4, 7, 9, "2"))},
      {"an address of another", ethernet(b, a, ETH_P_IP, udp_ipv4(ipv4(88, 12), b4, 7, 9, "3"))},
      {"of another network", ethernet(b, a, ETH_P_IP, udp_ipv4(ipv4(89, 10), b4, 7, 9, "4"))},
      {"no address", ethernet(all, a, ETH_P_IP, udp_ipv4(address("0.0.0.0"), b4, 68, 9, "5"))},
      {"loopback", ethernet(b, a, ETH_P_IP, udp_ipv4(address("127.0.0.1"), b4, 7, 9, "6"))},
      {"a DHCP server", ethernet(b, a, ETH_P_IP, udp_ipv4(a4, b4, 67, 68, "7"))},
      {"ARP for the gateway", ethernet(all, a, ETH_P_ARP, arp_reply(a, ipv4(88, 1), b, b4))},
      {"ARP with another MAC", ethernet(all, a, ETH_P_ARP, arp_reply(gateway, a4, b, b4))},
      {"ARP in a frame of another", ethernet(all, b, ETH_P_ARP, arp_reply(a, a4, gateway, b4))},
      {"a router",
       ethernet(b, a, ETH_P_IPV6, icmpv6(link_local(a), b6, '\x86', std::string(12, '\x10')))},
      {"a redirect", ethernet(b, a, ETH_P_IPV6, icmpv6(a6, b6, '\x89', std::string(36, '\x11')))},
      {"a neighbour's answer for another",
       ethernet(b, a, ETH_P_IPV6, icmpv6(a6, b6, '\x88', reply + bytes_text(ipv6(88, 1))))},
      {"an address of IPv6 of another",
       ethernet(b, a, ETH_P_IPV6, icmpv6(ipv6(88, 12), b6, '\x80', "12345678"))},
      {"a wish for the address of another",
       ethernet(b, a, ETH_P_IPV6,
                icmpv6(address("::"), b6, '\x87', reply + bytes_text(ipv6(88, 12))))},
      {"another protocol", ethernet(b, a, 0x88cc, "some other protocol of Ethernet")},
  };
  for (const auto& [why, frame] : lies) EXPECT_FALSE(passes(frame, false)) << why;
  // They are lies that the bridge would have carried.
  shell("nft flush chain bridge planettest bridged");
  EXPECT_TRUE(passes(lies[2].second, true));
  EXPECT_TRUE(passes(lies[8].second, true));
  EXPECT_TRUE(passes(lies[10].second, true));
  EXPECT_TRUE(passes(lies[15].second, true));
}

}  // namespace
}  // namespace planet::network
