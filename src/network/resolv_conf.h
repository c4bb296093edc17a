// resolv.conf: what a host's says, and the one that a container gets. Text only; nothing here reads a file.
//
// Source: resolv.conf(5), and where it is silent what glibc does (resolv/res_init.c).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "network/address.h"

namespace planet::network {

struct Nameserver {
  Address address;
  std::string scope;  // "eth0" or "2" of "fe80::1%eth0"; else empty
  bool operator==(const Nameserver&) const = default;
};

struct ResolvConf {
  static constexpr std::size_t kMostNameservers =
      3;  // glibc's MAXNS: who writes more expects no more
  static constexpr std::size_t kMostDomains = 32;
  static constexpr std::size_t kMostOptions = 16;

  std::vector<Nameserver> nameservers;
  std::vector<std::string> search;
  std::vector<std::string> options;
  bool operator==(const ResolvConf&) const = default;
};

// The last of "search" and "domain" holds, options and nameservers are gathered. Lines, words and numbers beyond the limits that
// mean nothing are passed over, as every resolver does: there is no error.
ResolvConf parse_resolv_conf(std::string_view text);

// What the caller of a container says about names; what is empty is the host's.
struct DnsChoice {
  std::vector<std::string> servers;  // --dns
  std::vector<std::string> search;   // --dns-search; "." alone: none
  std::vector<std::string> options;  // --dns-option
  bool operator==(const DnsChoice&) const = default;
};

// Whom a container's resolver asks: the caller's, else the host's, else the server on this machine, as resolv.conf(5) has it for
// a file that names nobody.
// Errors: kInvalidArgument - not an address; it names the flag.
Result<std::vector<Nameserver>> choose_nameservers(const ResolvConf& host, const DnsChoice& choice);

// The host's servers that a container in another network namespace can ask by itself: none at this host's loopback, and none
// at one of its links.
std::vector<Nameserver> reachable_nameservers(const ResolvConf& host);

// The file of a container that asks servers by itself: the caller's, else those of the host that it can reach. Where there are
// none, the file names none: no other is invented.
// Errors: as of choose_nameservers() and render_resolv_conf().
Result<std::string> render_plain_resolv_conf(const ResolvConf& host, const DnsChoice& choice);

// The file of a container whose resolver listens at `resolver`.
// Errors: kInvalidArgument - a domain or an option that would not be one word of its line; it names the flag.
Result<std::string> render_resolv_conf(const ResolvConf& host, const DnsChoice& choice,
                                       const Address& resolver);

}  // namespace planet::network
