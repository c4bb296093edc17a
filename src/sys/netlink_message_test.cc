#include "sys/netlink_message.h"

#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <cerrno>
#include <limits>

namespace planet::sys {
namespace {

TEST(NetlinkMessages, PadsWhatFollowsAndCountsItself) {
  NetlinkMessages messages;
  messages.begin(RTM_NEWLINK, NLM_F_CREATE, rtgenmsg{.rtgen_family = 7});
  messages.put_text(1, "abc");
  messages.put_u8(2, 0xee);
  {
    const auto outer = messages.nest(3);
    messages.put_u16(4, 0x0102);
    const auto inner = messages.nest(5);
    messages.put_be32(6, 0x01020304);
  }
  messages.begin(RTM_DELLINK, 0, rtgenmsg{});
  messages.put_be64(7, 0x0102030405060708);

  const auto sealed = messages.seal(41);
  ASSERT_TRUE(sealed);
  std::string_view rest = *sealed;
  const auto first = next_answer(rest);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->header.nlmsg_seq, 41U);
  EXPECT_EQ(first->header.nlmsg_flags, NLM_F_REQUEST | NLM_F_CREATE);
  EXPECT_EQ(first->body.front(), 7);
  std::string_view attributes = first->body.substr(4);
  EXPECT_EQ(next_attribute(attributes)->text(), "abc");
  EXPECT_EQ(next_attribute(attributes)->bytes, "\xee");
  const auto outer = next_attribute(attributes);
  ASSERT_TRUE(outer);
  EXPECT_EQ(outer->type, 3);
  EXPECT_TRUE(attributes.empty());
  std::string_view within = outer->bytes;
  EXPECT_EQ(next_attribute(within)->bytes.size(), 2U);
  std::string_view innermost = next_attribute(within)->bytes;
  EXPECT_EQ(next_attribute(innermost)->be32(), 0x01020304U);

  const auto second = next_answer(rest);
  ASSERT_TRUE(second);
  EXPECT_EQ(second->header.nlmsg_seq, 42U);
  EXPECT_EQ(second->header.nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
  EXPECT_EQ(second->body.substr(8), std::string_view("\1\2\3\4\5\6\7\10", 8));
  EXPECT_TRUE(rest.empty());
}

TEST(NetlinkMessages, AsksOneRequestForAnAnswer) {
  NetlinkMessages messages;
  messages.begin(1, 0, rtgenmsg{});
  messages.tolerate(EEXIST);
  messages.await();
  messages.begin(2, 0, rtgenmsg{});
  EXPECT_EQ(messages.awaited(), 0U);
  std::string_view rest = *messages.seal(1);
  EXPECT_NE(next_answer(rest)->header.nlmsg_flags & NLM_F_ACK, 0);
  EXPECT_EQ(next_answer(rest)->header.nlmsg_flags & NLM_F_ACK, 0);
  EXPECT_TRUE(messages.tolerates(0, EEXIST));
  EXPECT_FALSE(messages.tolerates(1, EEXIST));
  EXPECT_FALSE(messages.tolerates(0, ENOENT));
}

TEST(NetlinkMessages, SaysWhenAnAttributeIsTooLong) {
  NetlinkMessages one;
  one.begin(1, 0, rtgenmsg{});
  one.put(1, std::string(65532, 'x'));
  EXPECT_FALSE(one.seal(1));

  NetlinkMessages nested;
  nested.begin(1, 0, rtgenmsg{});
  {
    const auto nest = nested.nest(1);
    nested.put(1, std::string(40000, 'x'));
    nested.put(1, std::string(40000, 'x'));
  }
  EXPECT_FALSE(nested.seal(1));
  EXPECT_FALSE(NetlinkMessages().seal(1));
}

// As the kernel makes them; `echoed`: the refused request comes back whole, without NETLINK_CAP_ACK.
std::string error_message(int error, const std::string& text, const std::string& echoed = {}) {
  NetlinkMessages message;
  nlmsgerr verdict{};
  verdict.error = error == std::numeric_limits<int>::min() ? error : -error;
  verdict.msg.nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + echoed.size());
  message.begin(NLMSG_ERROR, NLM_F_ACK_TLVS | (echoed.empty() ? NLM_F_CAPPED : 0), verdict);
  if (!echoed.empty()) message.put(9, std::string_view(echoed).substr(4));  // its head is 4 bytes
  if (!text.empty()) message.put_text(NLMSGERR_ATTR_MSG, text);
  return std::string(*message.seal(1));
}

std::optional<NetlinkVerdict> verdict_in(std::string_view datagram) {
  const auto answer = next_answer(datagram);
  return answer ? verdict_of(*answer) : std::nullopt;
}

TEST(NetlinkVerdict, HasTheKernelsWords) {
  EXPECT_EQ(verdict_in(error_message(0, ""))->error, 0);
  const auto refused = verdict_in(error_message(EINVAL, "Unknown \x1b[31mdevice type"));
  EXPECT_EQ(refused->error, EINVAL);
  EXPECT_EQ(refused->text, "Unknown \\x1b[31mdevice type");
  EXPECT_EQ(verdict_in(error_message(EBUSY, "taken", "12345678"))->text, "taken");
}

TEST(NetlinkVerdict, IsDoneAtTheEndOfADump) {
  NetlinkMessages message;
  message.begin(NLMSG_DONE, 0, int{0});
  EXPECT_EQ(verdict_in(*message.seal(1))->error, 0);
  NetlinkMessages broken;
  broken.begin(NLMSG_DONE, 0, int{-ENOBUFS});
  EXPECT_EQ(verdict_in(*broken.seal(1))->error, ENOBUFS);
  NetlinkMessages content;
  content.begin(RTM_NEWLINK, 0, int{});
  EXPECT_FALSE(verdict_in(*content.seal(1)));
}

TEST(NetlinkVerdict, IsNeverSuccessWhereItIsMalformed) {
  NetlinkMessages cut;
  cut.begin(NLMSG_ERROR, NLM_F_ACK_TLVS, char{});
  EXPECT_EQ(verdict_in(*cut.seal(1))->error, EBADMSG);
  EXPECT_EQ(verdict_in(error_message(-5, ""))->error, EBADMSG);
  EXPECT_EQ(verdict_in(error_message(1 << 30, ""))->error, EBADMSG);
  EXPECT_EQ(verdict_in(error_message(std::numeric_limits<int>::min(), ""))->error, EBADMSG);
}

TEST(NetlinkAnswer, IsNotReadPastItsEnd) {
  std::string datagram = error_message(EINVAL, "text");
  for (std::size_t size = 0; size < datagram.size(); ++size) {
    std::string_view cut = std::string_view(datagram).substr(0, size);
    EXPECT_FALSE(next_answer(cut)) << size;
    EXPECT_EQ(cut.size(), size);
  }
  datagram[0] = 15;  // shorter than its own header
  std::string_view rest = datagram;
  EXPECT_FALSE(next_answer(rest));
  std::string_view attribute("\3\0\1\0", 4);
  EXPECT_FALSE(next_attribute(attribute));
  std::string_view longer("\5\0\1\0", 4);
  EXPECT_FALSE(next_attribute(longer));
  std::string_view unpadded("\5\0\1\0x", 5);
  EXPECT_EQ(next_attribute(unpadded)->bytes, "x");
  EXPECT_TRUE(unpadded.empty());
}

}  // namespace
}  // namespace planet::sys
