#include "sys/inet.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>

#include <array>
#include <cerrno>

#include "sys/datagrams.h"
#include "sys/tcp.h"

namespace planet::sys {
namespace {

constexpr std::array<std::uint8_t, 4> kLoopback{127, 0, 0, 1};

struct Server {
  explicit Server(int type) : socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(socket.borrow().get(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::getsockname(socket.borrow().get(), reinterpret_cast<sockaddr*>(&address), &size),
              0);
    port = ntohs(address.sin_port);
  }
  InetAddress address() const { return inet_address(kLoopback, port); }

  UniqueFd socket;
  std::uint16_t port = 0;
};

TEST(Inet, CarriesDatagramsThereAndBack) {
  const Server server(SOCK_DGRAM);
  const auto client = open_datagrams(server.address());
  ASSERT_TRUE(client) << client.error().to_string();
  char buffer[8];
  ASSERT_TRUE(send_some(client->borrow(), "abcdefghij"));
  ReceivedDatagrams received(sizeof buffer);
  const auto got = received.receive(server.socket.borrow());
  ASSERT_TRUE(got && got->size() == 1);
  EXPECT_EQ(got->front().bytes, "abcdefgh");
  const DatagramToSend answer{.bytes = "xy", .to = got->front().from};
  EXPECT_EQ(send_datagrams(server.socket.borrow(), std::span(&answer, 1)), 1U);
  EXPECT_EQ(*receive_some(client->borrow(), buffer), 2U);
  // Of another sender's it sees nothing.
  const Server stranger(SOCK_DGRAM);
  EXPECT_EQ(send_datagrams(stranger.socket.borrow(), std::span(&answer, 1)), 1U);
  EXPECT_EQ(*receive_some(client->borrow(), buffer), std::nullopt);
}

TEST(Inet, OneSocketHasAnAddressOfThisMachine) {
  for (const int type : {SOCK_STREAM, SOCK_DGRAM}) {
    const auto first = open_bound(inet_address(kLoopback, 0), type);
    ASSERT_TRUE(first) << first.error().to_string();
    const std::uint16_t port = port_of(*bound_address(first->borrow()));
    EXPECT_NE(port, 0);
    EXPECT_EQ(open_bound(inet_address(kLoopback, port), type).error().code(), Code::kAlreadyExists);
    // IPv6 is another family's, also where it means all addresses.
    constexpr std::array<std::uint8_t, 16> kAll{};
    const auto six = open_bound(inet_address(kAll, port), type);
    EXPECT_TRUE(six || six.error().sys_errno() == EAFNOSUPPORT) << six.error().to_string();
  }
}

TEST(Inet, ListensOnlyWhenItIsTold) {
  const auto bound = open_bound(inet_address(kLoopback, 0), SOCK_STREAM);
  ASSERT_TRUE(bound);
  const InetAddress address = *bound_address(bound->borrow());
  const auto connects = [&] {
    const auto client = begin_connection(address);
    return client && send_some(client->borrow(), "a").has_value();
  };
  EXPECT_FALSE(connects());
  ASSERT_TRUE(listen_for_connections(bound->borrow()));
  EXPECT_TRUE(connects());
}

TEST(Inet, HearsThatNobodyIsThere) {
  std::optional<Server> server(SOCK_DGRAM);
  const auto client = open_datagrams(server->address());
  server.reset();
  ASSERT_TRUE(client && send_some(client->borrow(), "a"));
  char buffer[8];
  const auto refused = receive_some(client->borrow(), buffer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sys_errno(), ECONNREFUSED);
}

TEST(Inet, TakesConnectionsWithoutWaiting) {
  const Server server(SOCK_STREAM);
  ASSERT_EQ(::listen(server.socket.borrow().get(), 1), 0);
  ASSERT_TRUE(set_non_blocking(server.socket.borrow()));
  EXPECT_FALSE(*accept_connection(server.socket.borrow()));
  const auto client = begin_connection(server.address());
  ASSERT_TRUE(client);
  ASSERT_TRUE(wait_for(client->borrow(), Ready::kToSend, std::chrono::milliseconds(5000)));
  const auto accepted = accept_connection(server.socket.borrow());
  ASSERT_TRUE(accepted && *accepted);
  ASSERT_TRUE(send_some(client->borrow(), "abc"));
  char buffer[8];
  EXPECT_EQ(*receive_some((*accepted)->borrow(), buffer), 3U);
  EXPECT_EQ(*receive_some((*accepted)->borrow(), buffer), std::nullopt);
}

TEST(Inet, MakesAddressesOfBothFamilies) {
  std::array<std::uint8_t, 16> bytes{0xfe, 0x80};
  const InetAddress six = inet_address(bytes, 53, 7);
  const auto& raw = reinterpret_cast<const sockaddr_in6&>(six.storage);
  EXPECT_EQ(raw.sin6_family, AF_INET6);
  EXPECT_EQ(ntohs(raw.sin6_port), 53);
  EXPECT_EQ(raw.sin6_scope_id, 7U);
  EXPECT_EQ(raw.sin6_addr.s6_addr[1], 0x80);
  EXPECT_GT(*link_number("lo"), 0U);
  EXPECT_EQ(link_number("no-such-link").error().sys_errno(), ENODEV);
}

}  // namespace
}  // namespace planet::sys
