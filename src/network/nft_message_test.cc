#include "network/nft_message.h"

#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>

namespace planet::network {
namespace {

TEST(NftKeyTest, FillsEachPartUpToFourBytes) {
  NftKey key;
  key.byte(6).be16(0x1f90).bytes(std::string_view("\x02\x50\x0a\x58\0\2", 6));
  EXPECT_EQ(key.value(), std::string_view("\6\0\0\0\x1f\x90\0\0\x02\x50\x0a\x58\0\2\0\0", 16));
}

TEST(NftKeyTest, HasRoomForAnInterfaceAndNoMore) {
  NftKey key;
  key.interface("plb0123456789abcdef");  // longer than the kernel's names
  EXPECT_EQ(key.value(), std::string("plb0123456789ab") + '\0');
}

sys::NetlinkAnswer answer_of(sys::NetlinkMessages& messages, std::string& bytes) {
  bytes = *messages.seal(1);
  std::string_view rest = bytes;
  return *sys::next_answer(rest);
}

constexpr std::uint16_t kNewTable = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
constexpr std::uint16_t kNewChain = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWCHAIN;

TEST(NftTableStateTest, IsReadFromTheKernelsAnswer) {
  sys::NetlinkMessages messages;
  messages.begin(kNewTable, 0, nfgenmsg{.nfgen_family = NFPROTO_BRIDGE, .version = 0, .res_id = 0});
  messages.put_be32(NFTA_TABLE_USE, 12);
  messages.put_be64(NFTA_TABLE_HANDLE, 0x100000002);
  messages.put(NFTA_TABLE_USERDATA, std::string_view("\0\7hello\0", 8));
  std::string bytes;
  NftTableState state;
  ASSERT_TRUE(read_table(answer_of(messages, bytes), state));
  EXPECT_TRUE(state.there);
  EXPECT_EQ(state.family, NFPROTO_BRIDGE);
  EXPECT_EQ(state.uses, 12U);
  EXPECT_EQ(state.handle, 0x100000002U);
  EXPECT_EQ(state.comment, "hello");
}

TEST(NftTableStateTest, TakesUserDataOfOthersForWhatItIs) {
  for (const std::string_view data :
       {std::string_view(), std::string_view("\0", 1), std::string_view("\0\1", 2),
        std::string_view("\0\xff"
                         "x",
                         3)}) {
    sys::NetlinkMessages messages;
    messages.begin(kNewTable, 0, nfgenmsg{});
    messages.put(NFTA_TABLE_USERDATA, data);
    messages.put(NFTA_TABLE_USE, "x");  // cut off
    std::string bytes;
    NftTableState state;
    ASSERT_TRUE(read_table(answer_of(messages, bytes), state));
    EXPECT_EQ(state.comment, data.size() > 2 ? "x" : "");
    EXPECT_EQ(state.uses, 0U);
  }
}

TEST(NftTableStateTest, IsNotReadFromAnother) {
  sys::NetlinkMessages chain;
  chain.begin(kNewChain, 0, nfgenmsg{});
  chain.put_be32(NFTA_CHAIN_USE, 3);
  std::string bytes;
  NftTableState state;
  const auto answer = answer_of(chain, bytes);
  EXPECT_FALSE(read_table(answer, state));
  EXPECT_EQ(read_chain_uses(answer), 3U);
  sys::NetlinkMessages empty;
  empty.begin(kNewTable, 0, char{});
  std::string other;
  auto cut = answer_of(empty, other);
  cut.body = {};
  EXPECT_FALSE(read_table(cut, state));
  EXPECT_EQ(read_chain_uses(cut), std::nullopt);
}

TEST(NftRuleAnswerTest, NamesTheChainOfItsTableOnly) {
  sys::NetlinkMessages messages;
  messages.begin(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWRULE, 0,
                 nfgenmsg{.nfgen_family = NFPROTO_INET, .version = 0, .res_id = 0});
  messages.put_text(NFTA_RULE_TABLE, "planet");
  messages.put_text(NFTA_RULE_CHAIN, "forward");
  std::string bytes;
  auto answer = answer_of(messages, bytes);
  EXPECT_EQ(read_rule_chain(answer, {NFPROTO_INET, "planet"}), "forward");
  EXPECT_EQ(read_rule_chain(answer, {NFPROTO_BRIDGE, "planet"}), std::nullopt);
  EXPECT_EQ(read_rule_chain(answer, {NFPROTO_INET, "other"}), std::nullopt);
  answer.body = answer.body.substr(0, 2);
  EXPECT_EQ(read_rule_chain(answer, {NFPROTO_INET, "planet"}), std::nullopt);
}

}  // namespace
}  // namespace planet::network
