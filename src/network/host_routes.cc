#include "network/host_routes.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/strings.h"
#include "sys/file.h"

namespace planet::network {
namespace {

constexpr std::size_t kMostText = 256U << 20;  // all the routes of the Internet fit
constexpr int kHex = 16;

// The next word, and what comes after it.
std::string_view take_word(std::string_view& line) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const std::size_t end = std::min(line.find_first_of(" \t", begin), line.size());
  const std::string_view word = line.substr(begin, end - begin);
  line.remove_prefix(end);
  return word;
}

// Destination and the length of its prefix, in hexadecimal digits.
std::optional<Prefix> ipv6_route(std::string_view line) {
  std::array<std::uint8_t, 16> bytes{};
  const std::string_view digits = take_word(line);
  if (digits.size() != 2 * bytes.size()) return std::nullopt;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = parse_number<std::uint8_t>(digits.substr(2 * i, 2), "byte", kHex);
    if (!byte) return std::nullopt;
    bytes[i] = *byte;
  }
  const auto length = parse_number<unsigned>(take_word(line), "length", kHex);
  const Address address = *Address::from_bytes(bytes);
  if (!length || *length > address.bits()) return std::nullopt;
  return Prefix::around(address, *length);
}

}  // namespace

std::vector<Prefix> parse_ipv4_routes(std::string_view text) {
  constexpr std::string_view kLeaf = "|-- ";
  std::vector<Prefix> found;
  std::optional<Address> address;  // of the leaf that the lengths below it belong to
  for (const std::string_view line : split(text, '\n')) {
    std::string_view rest = trim(line);
    if (rest.starts_with(kLeaf)) {
      const auto leaf = Address::parse(rest.substr(kLeaf.size()));
      address = leaf ? std::optional(*leaf) : std::nullopt;
    } else if (rest.starts_with('/') && address) {
      const auto length = parse_number<unsigned>(take_word(rest).substr(1), "length");
      if (length && *length <= address->bits()) found.push_back(Prefix::around(*address, *length));
    }
  }
  return found;
}

std::vector<Prefix> parse_ipv6_routes(std::string_view text) {
  std::vector<Prefix> found;
  for (const std::string_view line : split(text, '\n'))
    if (const auto route = ipv6_route(line)) found.push_back(*route);
  return found;
}

Result<std::vector<Prefix>> host_routes() {
  TRY_SET(const std::string text,
          sys::read_file_at(sys::kCwd, "/proc/self/net/fib_trie", kMostText),
          "look at this host's routes");
  std::vector<Prefix> found = parse_ipv4_routes(text);
  const auto text6 = sys::read_file_at(sys::kCwd, "/proc/self/net/ipv6_route", kMostText);
  if (!text6 && text6.error().code() != Code::kNotFound) return std::unexpected(text6.error());
  const std::vector<Prefix> found6 = text6 ? parse_ipv6_routes(*text6) : std::vector<Prefix>();
  found.insert(found.end(), found6.begin(), found6.end());
  return found;
}

}  // namespace planet::network
