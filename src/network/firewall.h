// The packet filter of container networks: two tables of nf_tables whose rules never change. Networks, containers and
// published ports are elements of their sets and maps, so that each is added and taken away without a rule being touched.
//
// What the rules say is in firewall_rules.cc. Rules of the host are respected: a packet that another table drops is
// dropped, whatever is accepted here, and no table but these two is touched.
//
// Source: nft(8); kernel Documentation/networking/ip-sysctl.rst.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "network/address.h"
#include "network/firewall_rules.h"
#include "network/links.h"
#include "network/nft_message.h"
#include "sys/netlink.h"
#include "sys/netlink_notices.h"

namespace planet::network {

struct FirewallNetwork {
  std::string bridge;
  bool internal = false;  // nothing goes out, neither to this host; only this host comes in
};

// A container's port of a bridge, and what it may say of itself. With an address of IPv6 it has a link-local one, too, that
// of link_local(), which is not listed here.
struct FirewallPort {
  std::string port;
  Mac mac;
  std::vector<Address> addresses;
};

struct ForwardedPort {
  std::uint8_t protocol = 6;  // IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP
  // Nothing: all of this host's, of the container address's family. ::1 cannot be published: the kernel takes no answers
  // to it from a bridge.
  std::optional<Address> host_address;
  std::uint16_t host_port = 0;
  Address address;  // the container's
  std::uint16_t port = 0;
};

// What is to become of the tables' elements, together.
class FirewallChange {
 public:
  void add_network(const FirewallNetwork& network) { put_network(network, true); }
  void remove_network(const FirewallNetwork& network) { put_network(network, false); }
  void add_port(const FirewallPort& port) { put_port(port, true); }
  void remove_port(const FirewallPort& port) { put_port(port, false); }
  void publish(const ForwardedPort& port) { put_published(port, true); }
  void unpublish(const ForwardedPort& port) { put_published(port, false); }

 private:
  friend class Firewall;
  struct Element {
    bool add = false, bridge_table = false;
    std::string_view set;
    NftKey key;
    std::optional<NftKey> data;
  };
  void put_network(const FirewallNetwork& network, bool add);
  void put_port(const FirewallPort& port, bool add);
  void put_published(const ForwardedPort& port, bool add);
  std::vector<Element> elements_;
};

// Speaks of the network namespace that it was opened in. Many processes may use the same tables at once.
class Firewall {
 public:
  // `suffix`, of letters and digits, makes other tables than those of another run directory.
  // Errors: kUnsupported - the kernel has no nf_tables.
  static Result<Firewall> open(std::string_view suffix);

  // Whether the tables are there with all their rules. Also false, at times, while somebody else makes them: ensure() knows.
  Result<bool> is_there();

  // What the tables are to have from the beginning: all networks and containers that there are.
  using Filling = std::function<Result<FirewallChange>()>;
  // The tables are there and have all their rules afterwards. True if they were made anew: then with what `filling` says,
  // at once, so that no container is without its rules when others find the tables; nobody else adds them again. One
  // process at a time makes them: the file "firewall.lock" of the run directory is locked meanwhile, and not looked at
  // where the tables are whole.
  // Errors: those of `filling`; kUnsupported.
  Result<bool> ensure(BorrowedFd run_dir, const Filling& filling = {});

  // All of it, or after an error nothing of what was to be added. What is there already may be added, and what is not
  // there may be removed; then it takes milliseconds, as a change that fails does.
  // Errors: kAlreadyExists - a port is published for another container; kNotFound - the tables are gone: ensure() them.
  Result<> apply(const FirewallChange& change);

  Result<> remove_all();

  BorrowedFd socket() const { return socket_.socket(); }

  // Tells of changes of this network namespace's packet filter, of any table, but not of those of elements alone, which are
  // daily life. Whoever hears it should ensure(): `nft flush ruleset` takes away what is not its own.
  static Result<sys::NetlinkNotices> watch();

 private:
  Firewall(sys::NetlinkSocket socket, FirewallTables tables)
      : socket_(std::move(socket)), tables_(std::move(tables)) {}
  struct State;
  Result<State> look();
  Result<std::optional<bool>> is_whole(const State& state);
  Result<> replace(const State& state, const Filling& filling);
  Result<bool> make_whole(const Filling& filling);
  Result<std::optional<bool>> has_all_rules();
  void put(NftBatch& batch, const FirewallChange::Element& element) const;
  Result<> remove_one_by_one(const FirewallChange& change);

  sys::NetlinkSocket socket_;
  FirewallTables tables_;
};

}  // namespace planet::network
