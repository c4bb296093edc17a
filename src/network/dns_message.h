// Messages of the DNS: queries as clients send them, the answers that this program gives itself, and what must be known of an
// answer to pass it on. Bytes only; nothing here asks the kernel.
//
// Source: RFC 1035, section 4; RFC 2181, section 9 (truncation); RFC 6891 (EDNS); RFC 5452, section 9.1 (which answer is one).
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "network/address.h"
#include "network/dns_name.h"

namespace planet::network::dns {

// Over TCP, where two bytes say how long one is.
inline constexpr std::size_t kMostMessage = 65535;
inline constexpr std::size_t kHeader = 12;  // bytes before the question
// What is always taken by UDP (RFC 1035, section 4.2.1), and what this program takes, and says so (OPT). Between a container
// and its host no path is too narrow for that.
inline constexpr std::size_t kLeastDatagram = 512;
inline constexpr std::size_t kMostDatagram = 4096;

enum class Rcode : std::uint8_t {
  kNoError = 0,
  kFormErr = 1,
  kServFail = 2,
  kNxDomain = 3,
  kNotImp = 4,
  kRefused = 5,
  kBadVers = 16,  // RFC 6891: the upper bits are in OPT
};

// Types, and the class, that mean something here. Every other number is one, too.
inline constexpr std::uint16_t kA = 1, kPtr = 12, kAaaa = 28, kHttps = 65;
inline constexpr std::uint16_t kIxfr = 251, kAxfr = 252, kAny = 255;
inline constexpr std::uint16_t kInternet = 1;

struct Query {
  std::uint16_t id = 0;
  bool wants_recursion = false;    // RD, which an answer repeats
  bool checking_disabled = false;  // CD, the same
  Name name;
  std::uint16_t type = 0;
  std::uint16_t cls = 0;
  std::optional<std::uint16_t> edns_size;  // of the answer by UDP; nothing: the client has no EDNS
};

// Why a message is not worth a look: the answer that says so, empty if even that would be too much (an answer, or too short to
// have an id).
struct Refusal {
  std::string answer;
};

// Exactly one question, nothing but EDNS and signatures beside it, and not a byte more.
std::expected<Query, Refusal> parse_query(std::string_view message);

// How long the answer may be by UDP.
std::size_t datagram_limit(const Query& query);

// Whose word an answer is: that of the names of this host's containers, or of nobody.
enum class Authority : std::uint8_t { kNone, kOwn };

// Without records. kNoError: the name exists, but has no such type (NODATA, RFC 2308, section 2.2).
std::string answer_code(const Query& query, Rcode code, Authority authority = Authority::kOwn);

// Those addresses that the query's type asks for, in their order. What does not fit into `limit` bytes is left out, and the
// answer is marked so (TC).
std::string answer_addresses(const Query& query, std::span<const Address> addresses,
                             std::size_t limit);

std::string answer_pointer(const Query& query, const Name& target);

// Empty and marked as truncated: the client asks again by TCP.
std::string answer_truncated(const Query& query);

// Whether a message from the server that was asked is the answer to `query`, sent there with this id.
bool is_answer(std::string_view message, const Query& query, std::uint16_t id);

// Of a message that has a header.
Rcode code_of(std::string_view message);  // without the bits in OPT
void set_id(std::string& message, std::uint16_t id);

}  // namespace planet::network::dns
