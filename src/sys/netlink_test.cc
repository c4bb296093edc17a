#include "sys/netlink.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sched.h>

#include <cerrno>
#include <optional>

namespace planet::sys {
namespace {

// In a network namespace of its own, so that no test meets the machine's.
class NetlinkSocketTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = UniqueFd(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (::unshare(CLONE_NEWNET) < 0) GTEST_SKIP() << "needs root, for a network namespace";
    auto opened = NetlinkSocket::open(NETLINK_ROUTE);
    ASSERT_TRUE(opened) << opened.error().to_string();
    socket_.emplace(std::move(*opened));
  }

  void TearDown() override { EXPECT_EQ(::setns(home_.borrow().get(), CLONE_NEWNET), 0); }

  static void add_dummy_bridge(NetlinkMessages& messages, const char* name, const char* kind) {
    messages.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    messages.put_text(IFLA_IFNAME, name);
    const auto info = messages.nest(IFLA_LINKINFO);
    messages.put_text(IFLA_INFO_KIND, kind);
  }

  UniqueFd home_;
  std::optional<NetlinkSocket> socket_;
};

TEST_F(NetlinkSocketTest, DoesManyRequestsAtOnce) {
  NetlinkMessages messages;
  add_dummy_bridge(messages, "one", "bridge");
  add_dummy_bridge(messages, "two", "bridge");
  ASSERT_TRUE(socket_->exchange(messages, "make them"));
  EXPECT_TRUE(find_interface(socket_->socket(), "one"));
  EXPECT_TRUE(find_interface(socket_->socket(), "two"));
  EXPECT_EQ(find_interface(socket_->socket(), "three").error().code(), Code::kNotFound);
  EXPECT_EQ(find_interface(socket_->socket(), "").error().code(), Code::kInvalidArgument);
}

TEST_F(NetlinkSocketTest, SaysWhichFailedWithTheKernelsWords) {
  NetlinkMessages messages;
  add_dummy_bridge(messages, "one", "nosuchkind");
  add_dummy_bridge(messages, "two", "bridge");
  add_dummy_bridge(messages, "two", "bridge");
  const auto done = socket_->exchange(messages, "make them");
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().to_string(), "make them: Unknown device type: Operation not supported");
  EXPECT_EQ(done.error().code(), Code::kUnsupported);
  EXPECT_TRUE(find_interface(socket_->socket(), "two"));  // all are tried

  NetlinkMessages again;
  add_dummy_bridge(again, "two", "bridge");
  again.tolerate(EEXIST);
  EXPECT_TRUE(socket_->exchange(again, "make it"));
  add_dummy_bridge(again, "two", "bridge");
  EXPECT_EQ(socket_->exchange(again, "make it").error().code(), Code::kAlreadyExists);
}

TEST_F(NetlinkSocketTest, HandsOverContent) {
  NetlinkMessages messages;
  ifinfomsg loopback{};
  loopback.ifi_index = 1;
  messages.begin(RTM_GETLINK, 0, loopback);
  messages.begin(RTM_GETLINK, NLM_F_DUMP, ifinfomsg{});
  int links = 0;
  ASSERT_TRUE(socket_->exchange(messages, "look", [&](const NetlinkAnswer& answer) {
    if (answer.header.nlmsg_type == RTM_NEWLINK) ++links;
  }));
  EXPECT_GE(links, 2);
}

TEST_F(NetlinkSocketTest, SpeaksOfTheNamespaceThatItWasOpenedIn) {
  NetlinkMessages messages;
  add_dummy_bridge(messages, "mark", "bridge");
  ASSERT_TRUE(socket_->exchange(messages, "make it"));
  ASSERT_EQ(::unshare(CLONE_NEWNET), 0);
  EXPECT_TRUE(find_interface(socket_->socket(), "mark"));
  EXPECT_EQ(socket_->exchange(messages, "make it").error().code(), Code::kAlreadyExists);
  auto here = NetlinkSocket::open(NETLINK_ROUTE);
  ASSERT_TRUE(here) << here.error().to_string();
  EXPECT_FALSE(find_interface(here->socket(), "mark"));
  EXPECT_TRUE(here->exchange(messages, "make it"));
}

}  // namespace
}  // namespace planet::sys
