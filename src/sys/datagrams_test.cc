#include "sys/datagrams.h"

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <vector>

#include "sys/tcp.h"

namespace planet::sys {
namespace {

constexpr std::array<std::uint8_t, 4> kLoopback{127, 0, 0, 1};

class DatagramsTest : public testing::Test {
 protected:
  void SetUp() override {
    auto server = open_bound(inet_address(kLoopback, 0), SOCK_DGRAM);
    ASSERT_TRUE(server) << server.error().to_string();
    server_ = *std::move(server);
    client_ = open_client();
  }

  UniqueFd open_client() const { return *open_datagrams(*bound_address(server_.borrow())); }
  void send(std::string_view bytes) const { ASSERT_TRUE(send_some(client_.borrow(), bytes)); }
  // What the client hears, one after the other.
  std::vector<std::string> heard() const {
    std::vector<std::string> all;
    std::string bytes(100, '\0');
    for (auto n = receive_some(client_.borrow(), bytes); n && *n;
         n = receive_some(client_.borrow(), bytes))
      all.push_back(bytes.substr(0, **n));
    return all;
  }

  UniqueFd server_, client_;
};

TEST_F(DatagramsTest, WaitsForNone) {
  ReceivedDatagrams received(8);
  EXPECT_TRUE(received.receive(server_.borrow())->empty());
  EXPECT_EQ(received.receive(UniqueFd().borrow()).error().sys_errno(), EBADF);
}

TEST_F(DatagramsTest, KeepsEachOneWithinItsBounds) {
  for (const char* bytes : {"first", "", "12345678", "123456789", "last"}) send(bytes);
  ReceivedDatagrams received(8);
  const auto got = received.receive(server_.borrow());
  ASSERT_TRUE(got && got->size() == 5);
  constexpr std::array kBytes{"first", "", "12345678", "12345678", "last"};
  for (std::size_t i = 0; i < kBytes.size(); ++i) {
    EXPECT_EQ((*got)[i].bytes, kBytes[i]);
    EXPECT_EQ((*got)[i].is_cut_off, i == 3);
    EXPECT_EQ(port_of((*got)[i].from), port_of(*bound_address(client_.borrow())));
    EXPECT_EQ((*got)[i].from.size, sizeof(sockaddr_in));
  }
  // Nothing of these is in what comes next.
  send("x");
  const auto next = received.receive(server_.borrow());
  ASSERT_TRUE(next && next->size() == 1);
  EXPECT_EQ(next->front().bytes, "x");
  EXPECT_FALSE(next->front().is_cut_off);
}

TEST_F(DatagramsTest, TakesNoMoreThanItsBoundAtOnce) {
  for (std::size_t i = 0; i < kMostDatagrams + 3; ++i) send(std::to_string(i));
  ReceivedDatagrams received(8);
  EXPECT_EQ(received.receive(server_.borrow())->size(), kMostDatagrams);
  const auto rest = received.receive(server_.borrow());
  ASSERT_TRUE(rest && rest->size() == 3);
  EXPECT_EQ(rest->back().bytes, std::to_string(kMostDatagrams + 2));
}

TEST_F(DatagramsTest, SendsMoreThanOneBatch) {
  std::vector<DatagramToSend> all(kMostDatagrams * 2 + 1,
                                  {.bytes = {}, .to = *bound_address(client_.borrow())});
  for (std::size_t i = 0; i < all.size(); ++i) all[i].bytes = std::to_string(i);
  EXPECT_EQ(send_datagrams(server_.borrow(), all), all.size());
  const auto came = heard();
  ASSERT_EQ(came.size(), all.size());
  EXPECT_TRUE(std::ranges::equal(came, all, {}, {}, &DatagramToSend::bytes));
  EXPECT_EQ(send_datagrams(server_.borrow(), {}), 0U);
}

TEST_F(DatagramsTest, OneThatCannotBeSentHarmsNoOther) {
  const InetAddress to = *bound_address(client_.borrow());
  const std::string too_long(70'000, 'x');
  const std::vector<DatagramToSend> all{{.bytes = too_long, .to = to},
                                        {.bytes = "a", .to = to},
                                        {.bytes = "nowhere", .to = inet_address(kLoopback, 0)},
                                        {.bytes = too_long, .to = to},
                                        {.bytes = "b", .to = to},
                                        {.bytes = "no address", .to = {}}};
  EXPECT_EQ(send_datagrams(server_.borrow(), all), 2U);
  EXPECT_EQ(heard(), (std::vector<std::string>{"a", "b"}));
}

}  // namespace
}  // namespace planet::sys
