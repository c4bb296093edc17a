// Link layer addresses of 48 bits.
//
// A container's is made of its IPv4 address, as docker has made it for years: 02:42, then the address's four bytes. So
// whoever gets an address again has the link layer address that the neighbours still know for it, and two on one link
// have the same only if they have the same IPv4 address, too. Where there is no IPv4 address it is random: the bits of
// an IPv6 address are more than fit.
//
// Source: IEEE 802, sections 8.2 to 8.4 (the bits for "group" and for "locally administered").
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "network/address.h"

namespace planet::network {

class Mac {
 public:
  // "02:42:ac:11:00:02", or with '-' between the bytes; of one interface: neither a group's nor all zeros.
  // Errors: kInvalidArgument, which quotes the text.
  static Result<Mac> parse(std::string_view text);
  static Mac of_ipv4(const Address& address);  // an IPv4 address
  static Mac random();
  static Mac from_bytes(const std::array<std::uint8_t, 6>& bytes);

  std::span<const std::uint8_t, 6> bytes() const { return bytes_; }
  std::string to_string() const;

  bool operator==(const Mac&) const = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

// What a container gets that asks for none.
Mac default_mac(const std::optional<Address>& ipv4);

}  // namespace planet::network
