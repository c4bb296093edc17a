#include "network/port_holds.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "sys/inet.h"

namespace planet::network {
namespace {

// All on 127.0.0.1 with ports that the kernel has picked, so that the tests are in nobody's way.
const Address kLoopback = *Address::parse("127.0.0.1");

PortRequest request(PortRange host, PortRange ports, Protocol protocol = Protocol::kTcp) {
  return {.hosts = {kLoopback}, .host_ports = host, .ports = ports, .protocol = protocol};
}
PortRange one(unsigned port) {
  return {.first = static_cast<std::uint16_t>(port), .last = static_cast<std::uint16_t>(port)};
}
Result<HeldPorts> hold(const PortRequest& request) {
  return hold_ports(std::span(&request, 1));
}
std::uint16_t any_port() {
  const auto held = hold(request({}, one(80)));
  return held ? held->ports.front().host_port : 0;
}

TEST(PortHolds, AnyPortIsPickedAndHeld) {
  for (const Protocol protocol : {Protocol::kTcp, Protocol::kUdp}) {
    const auto held = hold(request({}, one(80), protocol));
    ASSERT_TRUE(held) << held.error().to_string();
    ASSERT_EQ(held->ports.size(), 1U);
    EXPECT_EQ(held->ports[0].port, 80);
    EXPECT_EQ(held->ports[0].protocol, protocol);
    const auto again = hold(request(one(held->ports[0].host_port), one(80), protocol));
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error().code(), Code::kAlreadyExists);
    EXPECT_TRUE(again.error().to_string().contains("127.0.0.1:" +
                                                   std::to_string(held->ports[0].host_port)));
  }
}

TEST(PortHolds, ALetGoPortIsFree) {
  const std::uint16_t port = any_port();
  ASSERT_NE(port, 0);
  EXPECT_TRUE(hold(request(one(port), one(80))));
  EXPECT_TRUE(hold(request(one(port), one(80))));
}

TEST(PortHolds, RangesAreHeldSideBySide) {
  // With room for three others behind it.
  std::uint16_t first = any_port();
  for (int i = 0; i < 100 && first > 65000; ++i) first = any_port();
  ASSERT_LE(first, 65000);
  const auto held = hold(request({.first = first, .last = static_cast<std::uint16_t>(first + 2)},
                                 {.first = 80, .last = 82}));
  ASSERT_TRUE(held) << held.error().to_string();
  ASSERT_EQ(held->ports.size(), 3U);
  EXPECT_EQ(held->ports[2].host_port, first + 2);
  EXPECT_EQ(held->ports[2].port, 82);
  // One port for which any of them will do finds the one behind.
  const auto next =
      hold(request({.first = first, .last = static_cast<std::uint16_t>(first + 3)}, one(90)));
  ASSERT_TRUE(next) << next.error().to_string();
  EXPECT_EQ(next->ports[0].host_port, first + 3);
  const auto none =
      hold(request({.first = first, .last = static_cast<std::uint16_t>(first + 2)}, one(90)));
  ASSERT_FALSE(none);
  EXPECT_TRUE(none.error().to_string().contains("give a larger range"));
}

TEST(PortHolds, AForeignAddressIsNamed) {
  PortRequest foreign = request(one(8080), one(80));
  foreign.hosts = {*Address::parse("192.0.2.1")};
  const auto held = hold(foreign);
  ASSERT_FALSE(held);
  EXPECT_EQ(held.error().code(), Code::kInvalidArgument);
  EXPECT_TRUE(held.error().to_string().contains("no address 192.0.2.1"));
}

TEST(PortHolds, NobodyIsAnswered) {
  const auto held = hold(request({}, one(80)));
  ASSERT_TRUE(held);
  const auto client =
      sys::begin_connection(sys::inet_address(kLoopback.bytes(), held->ports[0].host_port));
  // Refused at once, or when it is waited for.
  int error = ECONNREFUSED;
  socklen_t size = sizeof error;
  if (client) {
    EXPECT_EQ(::getsockopt(client->borrow().get(), SOL_SOCKET, SO_ERROR, &error, &size), 0);
  }
  EXPECT_EQ(error, ECONNREFUSED);
}

}  // namespace
}  // namespace planet::network
