// Batches of nf_tables: tables, chains, sets, rules and elements that the kernel takes as a whole or not at all.
//
// Source: nft(8) for the terms; linux/netfilter/nf_tables.h and nfnetlink.h for the messages.
// Names are this program's own constants, or interfaces that it has named.
#pragma once

#include <arpa/inet.h>  // first: the headers of the kernel leave out what it has
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "sys/netlink.h"

namespace planet::network {

struct NftTable {
  std::uint8_t family = NFPROTO_INET;  // or NFPROTO_BRIDGE
  std::string name;
};

// The types that nft(8) shows keys and values with; the kernel only keeps them. Those of a concatenation follow each
// other, six bits each, and each part of its bytes fills up to four.
namespace nft_type {
inline constexpr std::uint32_t kVerdict = 0xffffff00, kIpv4 = 7, kIpv6 = 8, kMac = 9,
                               kEtherType = 10, kProtocol = 12, kPort = 13, kInterface = 41;
constexpr std::uint32_t concat(std::uint32_t first, std::uint32_t second) {
  return first << 6 | second;
}
constexpr std::uint32_t concat(std::uint32_t first, std::uint32_t second, std::uint32_t third) {
  return concat(concat(first, second), third);
}
}  // namespace nft_type

struct NftSet {
  std::string_view name;
  std::uint32_t key_type = 0, key_length = 0;    // bytes
  std::uint32_t data_type = 0, data_length = 0;  // a map's; 0: a set
};

// Where in a packet.
struct NftField {
  std::uint32_t base = NFT_PAYLOAD_LL_HEADER, offset = 0, length = 0;  // bytes
};

// A value in the form of a key: each part fills up to four bytes.
class NftKey {
 public:
  NftKey& bytes(std::string_view part);
  NftKey& interface(std::string_view name);  // 16 bytes
  NftKey& byte(std::uint8_t value) { return bytes(sys::bytes_of(value)); }
  NftKey& be16(std::uint16_t value);
  const std::string& value() const { return value_; }

 private:
  std::string value_;
};

// The expressions of one rule, in their order; complete when it is destroyed, so one statement says one rule. A register
// holds four bytes, and a longer value fills those that follow; there are 16.
class [[nodiscard]] NftRule {
 public:
  NftRule(sys::NetlinkMessages& messages, const NftTable& table, std::string_view chain);

  NftRule& meta(std::uint32_t key, unsigned reg = 0);  // NFT_META_*
  NftRule& load(const NftField& field, unsigned reg = 0);
  NftRule& conntrack(std::uint32_t key, unsigned reg = 0);  // NFT_CT_*
  NftRule& address_type(
      std::uint32_t which);  // `fib saddr type`: RTN_* of NFTA_FIB_F_SADDR, _DADDR
  NftRule& conntrack_has(std::uint32_t key, std::uint32_t bits);  // goes on if it has any of them
  NftRule& equals(std::string_view bytes, unsigned reg = 0);      // goes on if
  NftRule& differs(std::string_view bytes, unsigned reg = 0);
  NftRule& is_in(std::string_view set, unsigned reg = 0);
  NftRule& is_not_in(std::string_view set, unsigned reg = 0);
  NftRule& map(std::string_view map, unsigned from, unsigned to);  // goes on if it has the key
  NftRule& verdict_map(std::string_view map, unsigned reg = 0);

  void accept() { verdict(NF_ACCEPT, {}); }
  void drop() { verdict(NF_DROP, {}); }
  void jump(std::string_view chain) { verdict(static_cast<std::uint32_t>(NFT_JUMP), chain); }
  void destination_nat(std::uint8_t family, unsigned address, unsigned port);
  void masquerade();

 private:
  void mask(std::uint32_t bits);
  NftRule& compare(std::uint32_t operation, std::string_view bytes, unsigned reg);
  NftRule& lookup(std::string_view set, unsigned reg, std::uint32_t flags);
  void verdict(std::uint32_t code, std::string_view chain);

  sys::NetlinkMessages& messages_;
  sys::NetlinkMessages::Nest expressions_;
};

class NftBatch {
 public:
  NftBatch();

  // `comment` is seen in nft(8), and read again by describe_table().
  // The batch fails with EEXIST if the table is there.
  void add_table(const NftTable& table, const std::string& comment);
  // That of this handle, or with 0 any of the name.
  void delete_table(const NftTable& table, std::uint64_t handle);
  void add_set(const NftTable& table, const NftSet& set);
  void add_chain(const NftTable& table, std::string_view name);
  struct Hook {
    std::uint32_t number = 0;  // NF_INET_*, NF_BR_*
    std::int32_t priority = 0;
    std::string_view type;  // "filter", "nat"
  };
  void add_base_chain(const NftTable& table, std::string_view name, const Hook& hook);
  NftRule add_rule(const NftTable& table, std::string_view chain) {
    return {messages_, table, chain};
  }

  // An element that is there already is no error; a map's with another value is EBUSY.
  void add_element(const NftTable& table, std::string_view set, const NftKey& key,
                   const NftKey* data = nullptr);
  // A key that is no concatenation is not filled up.
  void add_verdict(const NftTable& table, std::string_view map, std::string_view key,
                   std::string_view chain);
  // One that is not there fails the batch with ENOENT.
  void delete_element(const NftTable& table, std::string_view set, const NftKey& key);

  bool empty() const { return messages_.count() <= 1; }
  // Once. Errors: that of the kernel: nothing of the batch has been done.
  Result<> commit(sys::NetlinkSocket& socket, const std::string& doing);

 private:
  void begin(std::uint16_t message, std::uint16_t flags, std::uint8_t family);
  template <class F>
  void element(std::uint16_t message, const NftTable& table, std::string_view set,
               std::string_view key, const F& more);

  sys::NetlinkMessages messages_;
  std::uint32_t sets_ = 0;
};

// What the kernel says of a table; `there` is false where it has none.
struct NftTableState {
  bool there = false;
  std::uint8_t family = 0;
  std::uint64_t handle = 0;
  std::uint32_t uses = 0;  // its chains and sets
  std::string comment;
};

// Asks for a table and for how many rules its chains have, in one talk.
void ask_table(sys::NetlinkMessages& messages, const NftTable& table);
void ask_chain(sys::NetlinkMessages& messages, const NftTable& table, std::string_view chain);
// Reads the answer of either; false if it is another's.
bool read_table(const sys::NetlinkAnswer& answer, NftTableState& state);
std::optional<std::uint32_t> read_chain_uses(const sys::NetlinkAnswer& answer);

// Asks for all rules of a table, as a dump. The kernel's own counts include what others' transactions, perhaps in vain, are
// about to add; a dump does not.
void ask_rules(sys::NetlinkMessages& messages, const NftTable& table);
// The chain of a rule in an answer; nothing if it is another table's, or none.
std::optional<std::string_view> read_rule_chain(const sys::NetlinkAnswer& answer,
                                                const NftTable& table);

}  // namespace planet::network
