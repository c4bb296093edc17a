// Addresses of IPv4 and IPv6, and the prefixes that networks are made of. Values only; nothing here asks the kernel.
//
// Source: RFC 4632 (prefixes of IPv4), RFC 4291 and RFC 5952 (IPv6 and its one way to be written), inet_pton(3).
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"

namespace planet::network {

enum class Family : std::uint8_t { kIpv4, kIpv6 };

class Address {
 public:
  // "192.0.2.1", "2001:db8::1": what inet_pton(3) takes, so no leading zeros, no scope, no brackets.
  // Errors: kInvalidArgument, which quotes the text.
  static Result<Address> parse(std::string_view text);
  // Four bytes or sixteen, the highest first. No other length is an address.
  static std::optional<Address> from_bytes(std::span<const std::uint8_t> bytes);

  Family family() const { return family_; }
  bool is_ipv4() const { return family_ == Family::kIpv4; }
  unsigned bits() const { return is_ipv4() ? 32 : 128; }
  std::span<const std::uint8_t> bytes() const { return std::span(bytes_).first(bits() / 8); }
  std::string to_string() const;

  bool is_loopback() const;     // 127.0.0.0/8, ::1
  bool is_unspecified() const;  // 0.0.0.0, ::
  bool is_multicast() const;    // 224.0.0.0/4, ff00::/8

  // So many addresses further; nothing where the family has no more.
  std::optional<Address> plus(std::uint64_t count) const;

  // All of IPv4 before all of IPv6.
  std::strong_ordering operator<=>(const Address&) const = default;

 private:
  friend class Prefix;
  Family family_ = Family::kIpv4;
  std::array<std::uint8_t, 16> bytes_{};
};

class Prefix {
 public:
  // "10.88.0.0/16". The bits behind the prefix may be set, as in "10.88.0.1/16": they are cleared.
  // Errors: kInvalidArgument, which quotes the text.
  static Result<Prefix> parse(std::string_view text);
  // The prefix that the address is in. The length is at most the address's bits.
  static Prefix around(const Address& address, unsigned length);

  const Address& first() const { return first_; }
  Address last() const;
  unsigned length() const { return length_; }
  Family family() const { return first_.family(); }
  bool contains(const Address& address) const;
  bool contains(const Prefix& other) const;
  bool overlaps(const Prefix& other) const;
  std::string to_string() const;

  bool operator==(const Prefix&) const = default;

 private:
  Address first_;
  unsigned length_ = 0;
};

}  // namespace planet::network
