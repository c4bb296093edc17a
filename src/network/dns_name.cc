#include "network/dns_name.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "base/strings.h"

namespace planet::network::dns {
namespace {

// Of a length's two highest bits: both set in a pointer, and no other use was ever agreed upon (RFC 6891, section 5).
constexpr std::uint8_t kPointer = 0xc0;

std::uint8_t byte_at(std::string_view message, std::size_t at) {
  return static_cast<std::uint8_t>(message[at]);
}

bool is_pointer(std::string_view message, std::size_t at) {
  return at < message.size() && byte_at(message, at) >= kPointer;
}

std::optional<std::size_t> pointer_target(std::string_view message, std::size_t at) {
  if (message.size() - at < 2) return std::nullopt;
  return ((byte_at(message, at) & 0x3fU) << 8U) | byte_at(message, at + 1);
}

// With its length in front.
std::optional<std::string_view> label_at(std::string_view message, std::size_t at) {
  if (at >= message.size()) return std::nullopt;
  const std::size_t length = byte_at(message, at);
  if (length > Name::kMostLabel || message.size() - at <= length) return std::nullopt;
  return message.substr(at, length + 1);
}

// From label to label, backwards where a pointer is.
struct Walk {
  std::size_t cursor = 0;
  std::size_t before =
      0;  // where the labels began that are being read: a pointer leads to before it
  std::optional<std::size_t> behind;  // the first pointer, which ends the name where it stands

  bool follow_pointers(std::string_view message) {
    while (is_pointer(message, cursor)) {
      const auto target = pointer_target(message, cursor);
      if (!target || *target >= before) return false;
      if (!behind) behind = cursor + 2;
      cursor = before = *target;
    }
    return true;
  }
};

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool is_of_host(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

// "5.0.88.10": one label for each byte, the last byte first.
std::optional<Address> reverse_ipv4(std::string_view text) {
  std::vector<std::string_view> labels = split(text, '.');
  std::string address;
  for (const std::string_view label : labels)
    address.insert(0, address.empty() ? std::string(label) : std::string(label) + ".");
  const auto parsed = Address::parse(address);
  if (labels.size() != 4 || !parsed || !parsed->is_ipv4()) return std::nullopt;
  return *parsed;
}

// One label for each half byte, the last one first.
std::optional<Address> reverse_ipv6(std::string_view text) {
  constexpr std::size_t kDigits = 32;
  if (text.size() != 2 * kDigits - 1) return std::nullopt;
  std::array<std::uint8_t, kDigits / 2> bytes{};
  for (std::size_t digit = 0; digit < kDigits; ++digit) {
    const auto value = parse_number<std::uint8_t>(text.substr(2 * digit, 1), "a digit", 16);
    if (!value || (digit > 0 && text[2 * digit - 1] != '.')) return std::nullopt;
    bytes[(kDigits - 1 - digit) / 2] |=
        static_cast<std::uint8_t>(digit % 2 == 0 ? *value : *value << 4U);
  }
  return Address::from_bytes(bytes);
}

}  // namespace

std::optional<Name> Name::read(std::string_view message, std::size_t& at) {
  Name name;
  name.wire_.clear();
  Walk walk{.cursor = at, .before = at, .behind = {}};
  while (true) {
    if (!walk.follow_pointers(message)) return std::nullopt;
    const auto label = label_at(message, walk.cursor);
    if (!label || name.wire_.size() + label->size() > kMostBytes) return std::nullopt;
    name.wire_ += *label;
    walk.cursor += label->size();
    if (label->size() > 1) continue;
    at = walk.behind.value_or(walk.cursor);
    return name;
  }
}

std::optional<Name> Name::from_text(std::string_view text) {
  Name name;
  if (text == ".") return name;
  if (text.ends_with('.')) text.remove_suffix(1);
  name.wire_.clear();
  for (const std::string_view label : split(text, '.')) {
    if (label.empty() || label.size() > kMostLabel) return std::nullopt;
    name.wire_ += static_cast<char>(label.size());
    name.wire_ += label;
    if (name.wire_.size() >= kMostBytes) return std::nullopt;
  }
  name.wire_ += '\0';
  return name;
}

std::size_t Name::label_count() const {
  std::size_t count = 0;
  for (std::size_t at = 0; wire_[at] != '\0'; at += byte_at(wire_, at) + 1U) ++count;
  return count;
}

std::optional<std::string> Name::host_name() const {
  std::string text;
  for (std::size_t at = 0; wire_[at] != '\0';) {
    const std::size_t end = at + byte_at(wire_, at) + 1U;
    if (!text.empty()) text += '.';
    while (++at < end) text += lower(wire_[at]);
  }
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return is_of_host(c) || c == '.'; }))
    return std::nullopt;
  // A dot inside of a label would now look like one between two.
  if (static_cast<std::size_t>(std::ranges::count(text, '.')) + 1 != label_count())
    return std::nullopt;
  return text;
}

bool Name::operator==(const Name& other) const {
  // Lengths are below 'A': they stay what they are.
  return std::ranges::equal(wire_, other.wire_, {}, lower, lower);
}

std::optional<Address> reverse_address(const Name& name) {
  constexpr std::string_view kIpv4 = ".in-addr.arpa";
  constexpr std::string_view kIpv6 = ".ip6.arpa";
  const auto text = name.host_name();
  if (!text) return std::nullopt;
  const std::string_view whole = *text;
  if (whole.ends_with(kIpv4)) return reverse_ipv4(whole.substr(0, whole.size() - kIpv4.size()));
  if (whole.ends_with(kIpv6)) return reverse_ipv6(whole.substr(0, whole.size() - kIpv6.size()));
  return std::nullopt;
}

}  // namespace planet::network::dns
