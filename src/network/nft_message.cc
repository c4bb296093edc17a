#include "network/nft_message.h"

#include <arpa/inet.h>
#include <linux/netfilter/nfnetlink.h>

#include <bit>
#include <cerrno>

namespace planet::network {
namespace {

constexpr std::size_t kRegister = 4;    // bytes
constexpr std::size_t kInterface = 16;  // IFNAMSIZ
constexpr std::uint8_t kComment = 0;  // NFTNL_UDATA_TABLE_COMMENT of libnftnl: how nft(8) finds it

std::uint32_t number_of(unsigned reg) {
  return NFT_REG32_00 + reg;
}

constexpr std::uint16_t type_of(std::uint16_t message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8 | message);
}

nfgenmsg header_of(std::uint8_t family, std::uint16_t resource = 0) {
  return {.nfgen_family = family, .version = NFNETLINK_V0, .res_id = htons(resource)};
}

void put_value(sys::NetlinkMessages& messages, std::uint16_t type, std::string_view bytes) {
  const auto value = messages.nest(type);
  messages.put(NFTA_DATA_VALUE, bytes);
}

// libnftnl's NFTNL_UDATA_SET_KEYBYTEORDER and nft's BYTEORDER_HOST_ENDIAN, with type and length before it.
std::string key_in_host_order() {
  constexpr std::uint32_t kHostOrder = 1;
  return std::string{0, sizeof kHostOrder} + std::string(sys::bytes_of(kHostOrder));
}

void put_verdict(sys::NetlinkMessages& messages, std::uint16_t type, std::uint32_t code,
                 std::string_view chain) {
  const auto data = messages.nest(type);
  const auto verdict = messages.nest(NFTA_DATA_VERDICT);
  messages.put_be32(NFTA_VERDICT_CODE, code);
  if (!chain.empty()) messages.put_text(NFTA_VERDICT_CHAIN, chain);
}

}  // namespace

NftKey& NftKey::bytes(std::string_view part) {
  value_ += part;
  value_.resize((value_.size() + kRegister - 1) / kRegister * kRegister);
  return *this;
}

NftKey& NftKey::interface(std::string_view name) {
  std::string filled(name.substr(0, kInterface - 1));
  filled.resize(kInterface);
  return bytes(filled);
}

NftKey& NftKey::be16(std::uint16_t value) {
  const std::uint16_t swapped = htons(value);
  return bytes(sys::bytes_of(swapped));
}

namespace {

sys::NetlinkMessages::Nest nest_data(sys::NetlinkMessages& messages, std::string_view name) {
  messages.put_text(NFTA_EXPR_NAME, name);
  return messages.nest(NFTA_EXPR_DATA);
}

// One expression, around its own attributes.
struct Expression {
  Expression(sys::NetlinkMessages& messages, std::string_view name)
      : element(messages.nest(NFTA_LIST_ELEM)), data(nest_data(messages, name)) {}
  sys::NetlinkMessages::Nest element, data;
};

sys::NetlinkMessages::Nest begin_rule(sys::NetlinkMessages& messages, const NftTable& table,
                                      std::string_view chain) {
  messages.begin(type_of(NFT_MSG_NEWRULE), NLM_F_CREATE | NLM_F_APPEND, header_of(table.family));
  messages.put_text(NFTA_RULE_TABLE, table.name);
  messages.put_text(NFTA_RULE_CHAIN, chain);
  return messages.nest(NFTA_RULE_EXPRESSIONS);
}

}  // namespace

NftRule::NftRule(sys::NetlinkMessages& messages, const NftTable& table, std::string_view chain)
    : messages_(messages), expressions_(begin_rule(messages, table, chain)) {}

NftRule& NftRule::meta(std::uint32_t key, unsigned reg) {
  const Expression expression(messages_, "meta");
  messages_.put_be32(NFTA_META_DREG, number_of(reg));
  messages_.put_be32(NFTA_META_KEY, key);
  return *this;
}

NftRule& NftRule::load(const NftField& field, unsigned reg) {
  const Expression expression(messages_, "payload");
  messages_.put_be32(NFTA_PAYLOAD_DREG, number_of(reg));
  messages_.put_be32(NFTA_PAYLOAD_BASE, field.base);
  messages_.put_be32(NFTA_PAYLOAD_OFFSET, field.offset);
  messages_.put_be32(NFTA_PAYLOAD_LEN, field.length);
  return *this;
}

NftRule& NftRule::conntrack(std::uint32_t key, unsigned reg) {
  const Expression expression(messages_, "ct");
  messages_.put_be32(NFTA_CT_DREG, number_of(reg));
  messages_.put_be32(NFTA_CT_KEY, key);
  return *this;
}

NftRule& NftRule::address_type(std::uint32_t which) {
  const Expression expression(messages_, "fib");
  messages_.put_be32(NFTA_FIB_DREG, number_of(0));
  messages_.put_be32(NFTA_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
  messages_.put_be32(NFTA_FIB_FLAGS, which);
  return *this;
}

NftRule& NftRule::conntrack_has(std::uint32_t key, std::uint32_t bits) {
  constexpr std::uint32_t kNone = 0;
  conntrack(key);
  mask(bits);
  return differs(sys::bytes_of(kNone));
}

void NftRule::mask(std::uint32_t bits) {
  constexpr std::uint32_t kFlipped = 0;
  const Expression expression(messages_, "bitwise");
  messages_.put_be32(NFTA_BITWISE_SREG, number_of(0));
  messages_.put_be32(NFTA_BITWISE_DREG, number_of(0));
  messages_.put_be32(NFTA_BITWISE_LEN, sizeof bits);
  put_value(messages_, NFTA_BITWISE_MASK, sys::bytes_of(bits));
  put_value(messages_, NFTA_BITWISE_XOR, sys::bytes_of(kFlipped));
}

NftRule& NftRule::compare(std::uint32_t operation, std::string_view bytes, unsigned reg) {
  const Expression expression(messages_, "cmp");
  messages_.put_be32(NFTA_CMP_SREG, number_of(reg));
  messages_.put_be32(NFTA_CMP_OP, operation);
  put_value(messages_, NFTA_CMP_DATA, bytes);
  return *this;
}

NftRule& NftRule::equals(std::string_view bytes, unsigned reg) {
  return compare(NFT_CMP_EQ, bytes, reg);
}

NftRule& NftRule::differs(std::string_view bytes, unsigned reg) {
  return compare(NFT_CMP_NEQ, bytes, reg);
}

NftRule& NftRule::lookup(std::string_view set, unsigned reg, std::uint32_t flags) {
  const Expression expression(messages_, "lookup");
  messages_.put_text(NFTA_LOOKUP_SET, set);
  messages_.put_be32(NFTA_LOOKUP_SREG, number_of(reg));
  messages_.put_be32(NFTA_LOOKUP_FLAGS, flags);
  return *this;
}

NftRule& NftRule::is_in(std::string_view set, unsigned reg) {
  return lookup(set, reg, 0);
}

NftRule& NftRule::is_not_in(std::string_view set, unsigned reg) {
  return lookup(set, reg, NFT_LOOKUP_F_INV);
}

NftRule& NftRule::map(std::string_view map, unsigned from, unsigned to) {
  const Expression expression(messages_, "lookup");
  messages_.put_text(NFTA_LOOKUP_SET, map);
  messages_.put_be32(NFTA_LOOKUP_SREG, number_of(from));
  messages_.put_be32(NFTA_LOOKUP_DREG, number_of(to));
  return *this;
}

NftRule& NftRule::verdict_map(std::string_view map, unsigned reg) {
  const Expression expression(messages_, "lookup");
  messages_.put_text(NFTA_LOOKUP_SET, map);
  messages_.put_be32(NFTA_LOOKUP_SREG, number_of(reg));
  messages_.put_be32(NFTA_LOOKUP_DREG, NFT_REG_VERDICT);
  return *this;
}

void NftRule::verdict(std::uint32_t code, std::string_view chain) {
  const Expression expression(messages_, "immediate");
  messages_.put_be32(NFTA_IMMEDIATE_DREG, NFT_REG_VERDICT);
  put_verdict(messages_, NFTA_IMMEDIATE_DATA, code, chain);
}

void NftRule::destination_nat(std::uint8_t family, unsigned address, unsigned port) {
  const Expression expression(messages_, "nat");
  messages_.put_be32(NFTA_NAT_TYPE, NFT_NAT_DNAT);
  messages_.put_be32(NFTA_NAT_FAMILY, family);
  messages_.put_be32(NFTA_NAT_REG_ADDR_MIN, number_of(address));
  messages_.put_be32(NFTA_NAT_REG_PROTO_MIN, number_of(port));
}

void NftRule::masquerade() {
  const Expression expression(messages_, "masq");
}

NftBatch::NftBatch() {
  messages_.begin(NFNL_MSG_BATCH_BEGIN, 0, header_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
}

void NftBatch::begin(std::uint16_t message, std::uint16_t flags, std::uint8_t family) {
  messages_.begin(type_of(message), flags, header_of(family));
}

void NftBatch::add_table(const NftTable& table, const std::string& comment) {
  begin(NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL, table.family);
  messages_.put_text(NFTA_TABLE_NAME, table.name);
  std::string data{static_cast<char>(kComment), static_cast<char>(comment.size() + 1)};
  data += comment;
  data += '\0';
  messages_.put(NFTA_TABLE_USERDATA, data);
}

void NftBatch::delete_table(const NftTable& table, std::uint64_t handle) {
  begin(NFT_MSG_DELTABLE, 0, table.family);
  if (handle == 0)
    messages_.put_text(NFTA_TABLE_NAME, table.name);
  else
    messages_.put_be64(NFTA_TABLE_HANDLE, handle);
}

void NftBatch::add_set(const NftTable& table, const NftSet& set) {
  begin(NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, table.family);
  messages_.put_text(NFTA_SET_TABLE, table.name);
  messages_.put_text(NFTA_SET_NAME, set.name);
  messages_.put_be32(NFTA_SET_ID, ++sets_);
  messages_.put_be32(NFTA_SET_KEY_TYPE, set.key_type);
  messages_.put_be32(NFTA_SET_KEY_LEN, set.key_length);
  // Or nft(8) shows the names backwards.
  if (set.key_type == nft_type::kInterface) messages_.put(NFTA_SET_USERDATA, key_in_host_order());
  if (set.data_type == 0) return;
  messages_.put_be32(NFTA_SET_FLAGS, NFT_SET_MAP);
  messages_.put_be32(NFTA_SET_DATA_TYPE, set.data_type);
  if (set.data_length != 0) messages_.put_be32(NFTA_SET_DATA_LEN, set.data_length);
}

void NftBatch::add_chain(const NftTable& table, std::string_view name) {
  begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, table.family);
  messages_.put_text(NFTA_CHAIN_TABLE, table.name);
  messages_.put_text(NFTA_CHAIN_NAME, name);
}

void NftBatch::add_base_chain(const NftTable& table, std::string_view name, const Hook& hook) {
  add_chain(table, name);
  messages_.put_text(NFTA_CHAIN_TYPE, hook.type);
  messages_.put_be32(NFTA_CHAIN_POLICY, NF_ACCEPT);
  const auto where = messages_.nest(NFTA_CHAIN_HOOK);
  messages_.put_be32(NFTA_HOOK_HOOKNUM, hook.number);
  messages_.put_be32(NFTA_HOOK_PRIORITY, std::bit_cast<std::uint32_t>(hook.priority));
}

template <class F>
void NftBatch::element(std::uint16_t message, const NftTable& table, std::string_view set,
                       std::string_view key, const F& more) {
  begin(message, message == NFT_MSG_NEWSETELEM ? NLM_F_CREATE : 0, table.family);
  messages_.put_text(NFTA_SET_ELEM_LIST_TABLE, table.name);
  messages_.put_text(NFTA_SET_ELEM_LIST_SET, set);
  const auto elements = messages_.nest(NFTA_SET_ELEM_LIST_ELEMENTS);
  const auto one = messages_.nest(NFTA_LIST_ELEM);
  put_value(messages_, NFTA_SET_ELEM_KEY, key);
  more();
}

void NftBatch::add_element(const NftTable& table, std::string_view set, const NftKey& key,
                           const NftKey* data) {
  element(NFT_MSG_NEWSETELEM, table, set, key.value(), [&] {
    if (data != nullptr) put_value(messages_, NFTA_SET_ELEM_DATA, data->value());
  });
}

void NftBatch::add_verdict(const NftTable& table, std::string_view map, std::string_view key,
                           std::string_view chain) {
  element(NFT_MSG_NEWSETELEM, table, map, key, [&] {
    put_verdict(messages_, NFTA_SET_ELEM_DATA, static_cast<std::uint32_t>(NFT_JUMP), chain);
  });
}

void NftBatch::delete_element(const NftTable& table, std::string_view set, const NftKey& key) {
  element(NFT_MSG_DELSETELEM, table, set, key.value(), [] {});
}

Result<> NftBatch::commit(sys::NetlinkSocket& socket, const std::string& doing) {
  if (empty()) return {};
  // The end of a batch is answered by new kernels alone.
  messages_.await();
  messages_.begin(NFNL_MSG_BATCH_END, 0, header_of(AF_UNSPEC, NFNL_SUBSYS_NFTABLES));
  return socket.exchange(messages_, doing);
}

void ask_table(sys::NetlinkMessages& messages, const NftTable& table) {
  messages.begin(type_of(NFT_MSG_GETTABLE), 0, header_of(table.family));
  messages.put_text(NFTA_TABLE_NAME, table.name);
  messages.tolerate(ENOENT);
}

void ask_chain(sys::NetlinkMessages& messages, const NftTable& table, std::string_view chain) {
  messages.begin(type_of(NFT_MSG_GETCHAIN), 0, header_of(table.family));
  messages.put_text(NFTA_CHAIN_TABLE, table.name);
  messages.put_text(NFTA_CHAIN_NAME, chain);
  messages.tolerate(ENOENT);
}

void ask_rules(sys::NetlinkMessages& messages, const NftTable& table) {
  messages.begin(type_of(NFT_MSG_GETRULE), NLM_F_DUMP, header_of(table.family));
  messages.put_text(NFTA_RULE_TABLE, table.name);
}

std::optional<std::string_view> read_rule_chain(const sys::NetlinkAnswer& answer,
                                                const NftTable& table) {
  const auto header = sys::leading<nfgenmsg>(answer.body);
  if (answer.header.nlmsg_type != type_of(NFT_MSG_NEWRULE) || !header ||
      header->nfgen_family != table.family)
    return std::nullopt;
  std::string_view attributes = answer.body.substr(sizeof *header), name;
  std::optional<std::string_view> chain;
  while (const auto attribute = sys::next_attribute(attributes)) {
    if (attribute->type == NFTA_RULE_TABLE) name = attribute->text();
    if (attribute->type == NFTA_RULE_CHAIN) chain = attribute->text();
  }
  return name == table.name ? chain : std::nullopt;
}

bool read_table(const sys::NetlinkAnswer& answer, NftTableState& state) {
  if (answer.header.nlmsg_type != type_of(NFT_MSG_NEWTABLE) ||
      answer.body.size() < sizeof(nfgenmsg))
    return false;
  state.there = true;
  state.family = static_cast<std::uint8_t>(answer.body.front());  // nfgen_family
  std::string_view attributes = answer.body.substr(sizeof(nfgenmsg));
  while (const auto attribute = sys::next_attribute(attributes)) {
    if (attribute->type == NFTA_TABLE_USE) state.uses = attribute->be32().value_or(0);
    if (attribute->type == NFTA_TABLE_HANDLE) state.handle = attribute->be64().value_or(0);
    // Behind its type and its length; others may have written it.
    if (attribute->type == NFTA_TABLE_USERDATA && attribute->bytes.size() > 2)
      state.comment = attribute->bytes.substr(2, attribute->bytes.find('\0', 2) - 2);
  }
  return true;
}

std::optional<std::uint32_t> read_chain_uses(const sys::NetlinkAnswer& answer) {
  if (answer.header.nlmsg_type != type_of(NFT_MSG_NEWCHAIN) ||
      answer.body.size() < sizeof(nfgenmsg))
    return std::nullopt;
  std::string_view attributes = answer.body.substr(sizeof(nfgenmsg));
  while (const auto attribute = sys::next_attribute(attributes))
    if (attribute->type == NFTA_CHAIN_USE) return attribute->be32();
  return std::nullopt;
}

}  // namespace planet::network
