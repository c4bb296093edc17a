#include "sys/netlink_notices.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <array>
#include <vector>

#include "sys/netlink.h"

namespace planet::sys {
namespace {

// In a network namespace of its own, so that no test hears of the machine's.
class NetlinkNoticesTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNET) < 0) GTEST_SKIP() << "needs root, for a network namespace";
  }
  void TearDown() override { EXPECT_EQ(::setns(home_.borrow().get(), CLONE_NEWNET), 0); }

  static void add_bridge(const char* name) {
    auto socket = NetlinkSocket::open(NETLINK_ROUTE);
    ASSERT_TRUE(socket);
    NetlinkMessages messages;
    messages.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    messages.put_text(IFLA_IFNAME, name);
    {
      const auto info = messages.nest(IFLA_LINKINFO);
      messages.put_text(IFLA_INFO_KIND, "bridge");
    }
    ASSERT_TRUE(socket->exchange(messages, "make a bridge"));
  }

  static bool is_readable(const NetlinkNotices& notices) {
    pollfd one{.fd = notices.socket().get(), .events = POLLIN, .revents = 0};
    return ::poll(&one, 1, 0) == 1;
  }

  UniqueFd home_;
};

TEST_F(NetlinkNoticesTest, TellsOfWhatHappens) {
  auto notices = NetlinkNotices::open(NETLINK_ROUTE, RTNLGRP_LINK, {});
  ASSERT_TRUE(notices) << notices.error().to_string();
  EXPECT_FALSE(is_readable(*notices));
  EXPECT_FALSE(notices->drain());
  add_bridge("one");
  EXPECT_TRUE(is_readable(*notices));
  EXPECT_TRUE(notices->drain());
  EXPECT_FALSE(is_readable(*notices));
  EXPECT_FALSE(notices->drain());
}

TEST_F(NetlinkNoticesTest, LeavesOutWhatIsUnwanted) {
  constexpr std::array<std::uint16_t, 2> kUnwanted{RTM_DELLINK, RTM_NEWLINK};
  constexpr std::array<std::uint16_t, 2> kOthers{RTM_DELLINK, RTM_NEWADDR};
  auto deaf = NetlinkNotices::open(NETLINK_ROUTE, RTNLGRP_LINK, kUnwanted);
  auto hearing = NetlinkNotices::open(NETLINK_ROUTE, RTNLGRP_LINK, kOthers);
  ASSERT_TRUE(deaf);
  ASSERT_TRUE(hearing);
  add_bridge("one");
  EXPECT_FALSE(deaf->drain());
  EXPECT_TRUE(hearing->drain());
}

TEST_F(NetlinkNoticesTest, TellsThatMoreWasThereThanItCouldHold) {
  auto notices = NetlinkNotices::open(NETLINK_ROUTE, RTNLGRP_LINK, {});
  ASSERT_TRUE(notices);
  constexpr int kLeast = 1;
  ASSERT_EQ(::setsockopt(notices->socket().get(), SOL_SOCKET, SO_RCVBUF, &kLeast, sizeof kLeast),
            0);
  for (const char* name : {"one", "two", "three", "four", "five"}) add_bridge(name);
  EXPECT_TRUE(notices->drain());
  EXPECT_FALSE(notices->drain());
}

TEST_F(NetlinkNoticesTest, RefusesWhatItCannotDo) {
  const std::vector<std::uint16_t> many(17);
  EXPECT_EQ(NetlinkNotices::open(NETLINK_ROUTE, RTNLGRP_LINK, many).error().code(),
            Code::kInvalidArgument);
  EXPECT_FALSE(NetlinkNotices::open(NETLINK_ROUTE, 100'000, {}));
}

}  // namespace
}  // namespace planet::sys
