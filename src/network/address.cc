#include "network/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace planet::network {
namespace {

constexpr unsigned kByte = 8;

int kernel_family(Family family) {
  return family == Family::kIpv4 ? AF_INET : AF_INET6;
}

// The bits of byte number `index` that belong to a prefix of this length.
std::uint8_t mask(unsigned length, std::size_t index) {
  const unsigned before = static_cast<unsigned>(index) * kByte;
  if (length >= before + kByte) return 0xff;
  if (length <= before) return 0;
  return static_cast<std::uint8_t>(0xff00U >> (length - before));
}

}  // namespace

Result<Address> Address::parse(std::string_view text) {
  Address address;
  address.family_ = text.contains(':') ? Family::kIpv6 : Family::kIpv4;
  const std::string terminated(text);
  if (text.contains('\0') ||
      ::inet_pton(kernel_family(address.family_), terminated.c_str(), address.bytes_.data()) != 1)
    return fail(Code::kInvalidArgument, quote(text) + " is not an IP address");
  return address;
}

std::optional<Address> Address::from_bytes(std::span<const std::uint8_t> bytes) {
  if (bytes.size() != 4 && bytes.size() != 16) return std::nullopt;
  Address address;
  address.family_ = bytes.size() == 4 ? Family::kIpv4 : Family::kIpv6;
  std::ranges::copy(bytes, address.bytes_.begin());
  return address;
}

std::string Address::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(kernel_family(family_), bytes_.data(), text.data(), text.size());
  return text.data();
}

bool Address::is_loopback() const {
  if (is_ipv4()) return bytes_[0] == 127;
  return bytes_.back() == 1 && std::ranges::count(bytes_, 0) == 15;
}

bool Address::is_unspecified() const {
  return std::ranges::all_of(bytes(), [](std::uint8_t byte) { return byte == 0; });
}

bool Address::is_multicast() const {
  return is_ipv4() ? (bytes_[0] & 0xf0U) == 0xe0 : bytes_[0] == 0xff;
}

std::optional<Address> Address::plus(std::uint64_t count) const {
  Address sum = *this;
  std::uint64_t carry = count;
  for (std::size_t index = bits() / kByte; index-- > 0 && carry > 0;) {
    const std::uint64_t low = sum.bytes_[index] + (carry & 0xffU);
    sum.bytes_[index] = static_cast<std::uint8_t>(low);
    carry = (carry >> kByte) + (low >> kByte);
  }
  if (carry > 0) return std::nullopt;
  return sum;
}

Result<Prefix> Prefix::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = Address::parse(text.substr(0, slash));
  if (slash == std::string_view::npos || !address)
    return fail(Code::kInvalidArgument,
                quote(text) + " is not a subnet, as 10.88.0.0/16 or fd00::/64 is");
  const auto length = parse_number<unsigned>(text.substr(slash + 1), "the prefix length");
  if (!length || *length > address->bits())
    return fail(Code::kInvalidArgument, quote(text) + " has no prefix length from 0 to " +
                                            std::to_string(address->bits()) + " after its slash");
  return around(*address, *length);
}

Prefix Prefix::around(const Address& address, unsigned length) {
  Prefix prefix;
  prefix.first_ = address;
  prefix.length_ = length;
  for (std::size_t index = 0; index < address.bits() / kByte; ++index)
    prefix.first_.bytes_[index] &= mask(length, index);
  return prefix;
}

Address Prefix::last() const {
  Address last = first_;
  for (std::size_t index = 0; index < first_.bits() / kByte; ++index)
    last.bytes_[index] |= static_cast<std::uint8_t>(~mask(length_, index));
  return last;
}

bool Prefix::contains(const Address& address) const {
  return address.family() == family() && around(address, length_) == *this;
}

bool Prefix::contains(const Prefix& other) const {
  return other.length_ >= length_ && contains(other.first_);
}

bool Prefix::overlaps(const Prefix& other) const {
  return contains(other) || other.contains(*this);
}

std::string Prefix::to_string() const {
  return first_.to_string() + "/" + std::to_string(length_);
}

}  // namespace planet::network
