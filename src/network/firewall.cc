#include "network/firewall.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "sys/file.h"

namespace planet::network {
namespace {

using namespace firewall_set;

// Raised with every change of the rules, so that tables of another program are replaced.
constexpr std::string_view kComment = "rules 2";
constexpr std::string_view kChanging = "change the packet filter";

std::string_view view(std::span<const std::uint8_t> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

constexpr std::uint16_t notice_type(unsigned message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | message);
}

NftKey interface_key(std::string_view name) {
  NftKey key;
  key.interface(name);
  return key;
}

}  // namespace

void FirewallChange::put_network(const FirewallNetwork& network, bool add) {
  const auto put = [&](std::string_view set, NftKey key) {
    elements_.push_back({add, false, set, std::move(key), std::nullopt});
  };
  put(kBridges, interface_key(network.bridge));
  put(kSame, NftKey().interface(network.bridge).interface(network.bridge));
  if (network.internal) put(kInternal, interface_key(network.bridge));
}

void FirewallChange::put_port(const FirewallPort& port, bool add) {
  const auto put = [&](std::string_view set, NftKey key) {
    elements_.push_back({add, true, set, std::move(key), std::nullopt});
  };
  const auto put_source = [&](const Address& address) {
    put(address.is_ipv4() ? kSources4 : kSources6,
        NftKey().interface(port.port).bytes(view(port.mac.bytes())).bytes(view(address.bytes())));
  };
  put(kPorts, interface_key(port.port));
  for (const Address& address : port.addresses) put_source(address);
  if (!std::ranges::all_of(port.addresses, &Address::is_ipv4)) put_source(link_local(port.mac));
}

void FirewallChange::put_published(const ForwardedPort& port, bool add) {
  const bool ipv4 = port.address.is_ipv4();
  NftKey key;
  key.byte(port.protocol);
  if (port.host_address) key.bytes(view(port.host_address->bytes()));
  key.be16(port.host_port);
  NftKey data;
  data.bytes(view(port.address.bytes())).be16(port.port);
  const std::string_view one = ipv4 ? kPublished4 : kPublished6;
  const std::string_view all = ipv4 ? kPublishedAll4 : kPublishedAll6;
  elements_.push_back({add, false, port.host_address ? one : all, std::move(key), std::move(data)});
}

struct Firewall::State {
  NftTableState inet, bridge;
  std::vector<std::uint32_t> uses;  // of the chains that are there, in their order

  bool current() const {
    return inet.there && bridge.there && inet.comment == kComment && bridge.comment == kComment;
  }
  bool whole() const {
    return current() && inet.uses == kInetUses && bridge.uses == kBridgeUses &&
           std::ranges::equal(uses, firewall_chains(), {}, {}, &ChainUses::uses);
  }
};

Result<Firewall> Firewall::open(std::string_view suffix) {
  auto socket = sys::NetlinkSocket::open(NETLINK_NETFILTER);
  if (!socket && socket.error().sys_errno() == EPROTONOSUPPORT)
    return fail(Code::kUnsupported,
                "this kernel has no nf_tables, without which container networks are not safe");
  if (!socket) return std::unexpected(socket.error());
  return Firewall(std::move(*socket), firewall_tables(suffix));
}

// The kernel puts the notices of a transaction together: what takes a table away may come behind the first message of a
// datagram, but never behind changes of elements alone.
Result<sys::NetlinkNotices> Firewall::watch() {
  constexpr std::array kUnwanted{notice_type(NFT_MSG_NEWSETELEM), notice_type(NFT_MSG_DELSETELEM),
                                 notice_type(NFT_MSG_NEWGEN)};
  return sys::NetlinkNotices::open(NETLINK_NETFILTER, NFNLGRP_NFTABLES, kUnwanted);
}

Result<Firewall::State> Firewall::look() {
  State state;
  sys::NetlinkMessages messages;
  ask_table(messages, tables_.inet);
  ask_table(messages, tables_.bridge);
  for (const ChainUses& chain : firewall_chains())
    ask_chain(messages, chain.bridge_table ? tables_.bridge : tables_.inet, chain.name);
  const auto each = [&](const sys::NetlinkAnswer& answer) {
    NftTableState table;
    if (read_table(answer, table))
      (table.family == NFPROTO_BRIDGE ? state.bridge : state.inet) = table;
    else if (const auto uses = read_chain_uses(answer))
      state.uses.push_back(*uses);
  };
  TRY(socket_.exchange(messages, "look at the packet filter", each));
  return state;
}

// Whether each chain has its rules; nothing if the dump was interrupted by others' changes, as it may lack rules then. It
// costs more than look(), but no transaction that is under way is counted.
Result<std::optional<bool>> Firewall::has_all_rules() {
  std::vector<std::uint32_t> rules(firewall_chains().size());
  bool interrupted = false;
  for (const bool in_bridge : {false, true}) {
    const NftTable& table = in_bridge ? tables_.bridge : tables_.inet;
    const auto each = [&](const sys::NetlinkAnswer& answer) {
      interrupted = interrupted || (answer.header.nlmsg_flags & NLM_F_DUMP_INTR) != 0;
      const auto name = read_rule_chain(answer, table);
      for (std::size_t chain = 0; name && chain < rules.size(); ++chain) {
        const ChainUses& known = firewall_chains()[chain];
        if (known.bridge_table == in_bridge && known.name == *name) ++rules[chain];
      }
    };
    sys::NetlinkMessages messages;
    ask_rules(messages, table);
    TRY(socket_.exchange(messages, "look at the packet filter's rules", each));
  }
  if (interrupted) return std::nullopt;
  return std::ranges::equal(rules, firewall_chains(), {}, {}, &ChainUses::rules);
}

Result<bool> Firewall::is_there() {
  TRY_SET(const State state, look());
  return state.whole();
}

Result<bool> Firewall::ensure(BorrowedFd run_dir, const Filling& filling) {
  TRY_SET(const State state, look());
  if (state.whole()) return false;
  // The tables are looked at one after the other: who makes them in between would seem to have made a half.
  TRY_SET(const UniqueFd lock, sys::open_at(run_dir, "firewall.lock", O_RDWR | O_CREAT, 0600));
  TRY(sys::lock_exclusive(lock.borrow()));
  return make_whole(filling);
}

// Nothing where others changed the tables during the look.
Result<std::optional<bool>> Firewall::is_whole(const State& state) {
  if (state.whole()) return true;
  if (!state.current()) return false;
  return has_all_rules();
}

// In the place of those that were seen, which are named by their handles.
Result<> Firewall::replace(const State& state, const Filling& filling) {
  FirewallChange filled;
  if (filling) {
    TRY_SET(filled, filling());
  }
  NftBatch batch;
  if (state.inet.there) batch.delete_table(tables_.inet, state.inet.handle);
  if (state.bridge.there) batch.delete_table(tables_.bridge, state.bridge.handle);
  build_firewall(batch, tables_, std::string(kComment));
  for (const FirewallChange::Element& element : filled.elements_) put(batch, element);
  return batch.commit(socket_, "make the packet filter");
}

// What others than we change meanwhile fails the batch: then the tables are looked at again.
Result<bool> Firewall::make_whole(const Filling& filling) {
  constexpr int kMostRaces = 32;
  for (int race = 0; race < kMostRaces; ++race) {
    TRY_SET(const State state, look());
    TRY_SET(const std::optional<bool> whole, is_whole(state));
    if (!whole) continue;
    if (*whole) return false;
    const auto made = replace(state, filling);
    if (made) return true;
    if (made.error().code() != Code::kAlreadyExists && made.error().code() != Code::kNotFound)
      return std::unexpected(made.error());
  }
  return fail(Code::kSystem,
              "the packet filter's table " + tables_.inet.name +
                  " is changed by others again and again; look for who does it with nft monitor");
}

void Firewall::put(NftBatch& batch, const FirewallChange::Element& element) const {
  const NftTable& table = element.bridge_table ? tables_.bridge : tables_.inet;
  if (element.add)
    batch.add_element(table, element.set, element.key, element.data ? &*element.data : nullptr);
  else
    batch.delete_element(table, element.set, element.key);
}

// One element that is not there fails a batch, and only kernels from 6.3 on can say that it need not be there.
Result<> Firewall::remove_one_by_one(const FirewallChange& change) {
  for (const FirewallChange::Element& element : change.elements_) {
    if (element.add) continue;
    NftBatch batch;
    put(batch, element);
    Result<> removed = batch.commit(socket_, std::string(kChanging));
    if (!removed && removed.error().code() != Code::kNotFound) return removed;
  }
  return {};
}

Result<> Firewall::apply(const FirewallChange& change) {
  NftBatch batch;
  for (const FirewallChange::Element& element : change.elements_) put(batch, element);
  Result<> done = batch.commit(socket_, std::string(kChanging));
  if (done) return {};
  if (done.error().sys_errno() == EBUSY)
    return fail(Code::kAlreadyExists, "a port is published already, for another container");
  const bool removes = std::ranges::any_of(change.elements_, [](const auto& e) { return !e.add; });
  if (done.error().code() != Code::kNotFound || !removes) return done;
  TRY(remove_one_by_one(change));
  NftBatch added;
  for (const FirewallChange::Element& element : change.elements_)
    if (element.add) put(added, element);
  return added.commit(socket_, std::string(kChanging));
}

Result<> Firewall::remove_all() {
  for (const NftTable& table : {tables_.inet, tables_.bridge}) {
    NftBatch batch;
    batch.delete_table(table, 0);
    Result<> removed = batch.commit(socket_, "remove the packet filter");
    if (!removed && removed.error().code() != Code::kNotFound) return removed;
  }
  return {};
}

}  // namespace planet::network
