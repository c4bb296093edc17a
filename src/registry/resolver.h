// Names of hosts to addresses, in a static program: glibc's resolver loads the modules of nsswitch.conf as libraries, so this
// is c-ares, which reads /etc/hosts, /etc/resolv.conf and the line of nsswitch.conf itself. What only other modules know
// (mDNS, LDAP) it does not find.
//
// Source: resolv.conf(5), nsswitch.conf(5), hosts(5); RFC 6724 (the order of addresses); RFC 6890 (special addresses).
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/error.h"

namespace planet::registry {

struct ResolverSettings {
  std::chrono::milliseconds limit{10'000};  // for one name, all tries together
  std::string servers;  // "192.0.2.1:53,...", in place of the host's own; empty: the host's
};

// The addresses of `host` in the order in which to try them, as text ("192.0.2.1", "2001:db8::1"); never empty. An address is its
// own.
// Errors: kNotFound - nobody knows the name; kSystem - no answer within the limit, or none that is one.
Result<std::vector<std::string>> resolve(const std::string& host,
                                         const ResolverSettings& settings = {});

// Whether the address is of the Internet: not loopback, private, link-local (169.254.169.254 hands out a cloud's keys),
// multicast or otherwise special, nor one of these in an IPv6 dress. What is no address is not public.
bool is_public_address(const std::string& address);

}  // namespace planet::registry
