#include "sys/tcp.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <cerrno>

namespace planet::sys {
namespace {

using std::chrono::milliseconds;

struct Listener {
  Listener() : socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(::bind(fd(), reinterpret_cast<sockaddr*>(&address), size), 0);
    EXPECT_EQ(::listen(fd(), 1), 0);
    EXPECT_EQ(::getsockname(fd(), reinterpret_cast<sockaddr*>(&address), &size), 0);
    port = ntohs(address.sin_port);
  }
  int fd() const { return socket.borrow().get(); }
  UniqueFd accept() const { return UniqueFd(::accept4(fd(), nullptr, nullptr, SOCK_CLOEXEC)); }

  UniqueFd socket;
  std::uint16_t port = 0;
};

TEST(Tcp, CarriesBytesAndNeverBlocks) {
  const Listener listener;
  const auto client = connect_tcp("127.0.0.1", listener.port, milliseconds(5000));
  ASSERT_TRUE(client) << client.error().to_string();
  UniqueFd server = listener.accept();
  char buffer[8];
  EXPECT_EQ(*receive_some(client->borrow(), buffer), std::nullopt);
  EXPECT_TRUE(is_quiet(client->borrow()));
  EXPECT_EQ(*send_some(client->borrow(), "abc"), 3U);
  EXPECT_EQ(::recv(server.borrow().get(), buffer, sizeof buffer, 0), 3);
  EXPECT_EQ(::send(server.borrow().get(), "de", 2, 0), 2);
  ASSERT_TRUE(wait_for(client->borrow(), Ready::kToReceive, milliseconds(5000)));
  EXPECT_FALSE(is_quiet(client->borrow()));
  EXPECT_EQ(*receive_some(client->borrow(), buffer), 2U);
  server.reset();
  ASSERT_TRUE(wait_for(client->borrow(), Ready::kToReceive, milliseconds(5000)));
  EXPECT_FALSE(is_quiet(client->borrow()));
  EXPECT_EQ(*receive_some(client->borrow(), buffer), 0U);
}

TEST(Tcp, WaitsNoLongerThanAsked) {
  const Listener listener;
  const auto client = connect_tcp("127.0.0.1", listener.port, milliseconds(5000));
  ASSERT_TRUE(client);
  const auto late = wait_for(client->borrow(), Ready::kToReceive, milliseconds(50));
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().sys_errno(), ETIMEDOUT);
}

// The process lives on when it sends to a server that is gone.
TEST(Tcp, ABrokenConnectionIsAnErrorNotASignal) {
  const Listener listener;
  const auto client = connect_tcp("127.0.0.1", listener.port, milliseconds(5000));
  ASSERT_TRUE(client);
  listener.accept().reset();
  auto sent = send_some(client->borrow(), "a");
  for (int i = 0; i < 100 && sent; ++i) {
    ASSERT_TRUE(wait_for(client->borrow(), Ready::kToSend, milliseconds(1000)));
    sent = send_some(client->borrow(), "a");
  }
  ASSERT_FALSE(sent);
  EXPECT_TRUE(sent.error().sys_errno() == EPIPE || sent.error().sys_errno() == ECONNRESET);
}

TEST(Tcp, SaysWhyNot) {
  std::uint16_t port = 0;
  {
    port = Listener().port;
  }
  const auto refused = connect_tcp("127.0.0.1", port, milliseconds(5000));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().sys_errno(), ECONNREFUSED);
  EXPECT_EQ(connect_tcp("localhost", port, milliseconds(1)).error().code(), Code::kInvalidArgument);
}

}  // namespace
}  // namespace planet::sys
