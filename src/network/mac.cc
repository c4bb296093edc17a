#include "network/mac.h"

#include <algorithm>
#include <cstddef>

#include "base/strings.h"
#include "sys/random.h"

namespace planet::network {
namespace {

constexpr std::uint8_t kGroup = 0x01;
constexpr std::uint8_t kLocal = 0x02;
constexpr std::size_t kBytes = 6;
constexpr std::size_t kLength = 3 * kBytes - 1;

}  // namespace

Result<Mac> Mac::parse(std::string_view text) {
  const auto bad = [&](const char* reason) {
    return fail(Code::kInvalidArgument, quote(text.substr(0, 100)) + " " + reason);
  };
  const char separator = text.contains('-') ? '-' : ':';
  constexpr const char* kForm = "is not a MAC address, as 02:42:ac:11:00:02 is";
  if (text.size() != kLength) return bad(kForm);
  Mac mac;
  for (std::size_t i = 0; i < kBytes; ++i) {
    const auto byte = parse_number<std::uint8_t>(text.substr(3 * i, 2), "byte", 16);
    if (!byte || (i + 1 < kBytes && text[3 * i + 2] != separator)) return bad(kForm);
    mac.bytes_[i] = *byte;
  }
  if ((mac.bytes_[0] & kGroup) != 0) return bad("is a group's MAC address, and not an interface's");
  if (mac == Mac()) return bad("is no interface's MAC address");
  return mac;
}

Mac Mac::of_ipv4(const Address& address) {
  Mac mac;
  mac.bytes_ = {0x02, 0x42};
  std::ranges::copy(address.bytes().first(4), mac.bytes_.begin() + 2);
  return mac;
}

Mac Mac::random() {
  Mac mac;
  const std::string digits = sys::random_hex(2 * kBytes);
  for (std::size_t i = 0; i < kBytes; ++i)
    mac.bytes_[i] =
        parse_number<std::uint8_t>(std::string_view(digits).substr(2 * i, 2), "byte", 16)
            .value_or(0);
  mac.bytes_[0] = static_cast<std::uint8_t>((mac.bytes_[0] & ~kGroup) | kLocal);
  return mac;
}

Mac Mac::from_bytes(const std::array<std::uint8_t, 6>& bytes) {
  Mac mac;
  mac.bytes_ = bytes;
  return mac;
}

std::string Mac::to_string() const {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string text;
  for (const std::uint8_t byte : bytes_) {
    if (!text.empty()) text += ':';
    text += kDigits[byte >> 4U];
    text += kDigits[byte & 0xfU];
  }
  return text;
}

Mac default_mac(const std::optional<Address>& ipv4) {
  return ipv4 ? Mac::of_ipv4(*ipv4) : Mac::random();
}

}  // namespace planet::network
