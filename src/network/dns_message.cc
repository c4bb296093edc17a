#include "network/dns_message.h"

#include <algorithm>
#include <vector>

namespace planet::network::dns {
namespace {

constexpr std::uint16_t kOpt = 41;

// The header's second pair of bytes.
constexpr std::uint16_t kResponse = 0x8000, kAuthoritative = 0x0400, kTruncated = 0x0200;
constexpr std::uint16_t kRecursionDesired = 0x0100, kRecursionAvailable = 0x0080;
constexpr std::uint16_t kCheckingDisabled = 0x0010;
constexpr std::uint16_t kOpcode = 0x7800, kRcode = 0x000f;

// Seconds. A container that is started anew has another address: nobody shall keep an old one for long.
constexpr std::uint32_t kTimeToLive = 5;

std::uint16_t read16(std::string_view message, std::size_t at) {
  return static_cast<std::uint16_t>((static_cast<std::uint8_t>(message[at]) << 8U) |
                                    static_cast<std::uint8_t>(message[at + 1]));
}

void write16(std::string& message, std::size_t value) {
  message += static_cast<char>((value >> 8U) & 0xffU);
  message += static_cast<char>(value & 0xffU);
}

void write32(std::string& message, std::uint32_t value) {
  write16(message, value >> 16U);
  write16(message, value & 0xffffU);
}

struct Counts {
  std::uint16_t questions = 0, answers = 0, authorities = 0, additional = 0;
};

struct Header {
  std::uint16_t id = 0, flags = 0;
  Counts counts;
};

// Of a message that has one.
Header read_header(std::string_view message) {
  return {.id = read16(message, 0),
          .flags = read16(message, 2),
          .counts = {.questions = read16(message, 4),
                     .answers = read16(message, 6),
                     .authorities = read16(message, 8),
                     .additional = read16(message, 10)}};
}

std::string write_header(const Header& header) {
  std::string message;
  write16(message, header.id);
  write16(message, header.flags);
  write16(message, header.counts.questions);
  write16(message, header.counts.answers);
  write16(message, header.counts.authorities);
  write16(message, header.counts.additional);
  return message;
}

struct Question {
  Name name;
  std::uint16_t type = 0, cls = 0;
};

std::optional<Question> read_question(std::string_view message, std::size_t& at) {
  auto name = Name::read(message, at);
  if (!name || message.size() - at < 4) return std::nullopt;
  Question question{
      .name = *std::move(name), .type = read16(message, at), .cls = read16(message, at + 2)};
  at += 4;
  return question;
}

struct Extension {
  std::uint16_t size = 0;
  std::uint8_t version = 0;
};

// One record of a query's last section, put into `edns` if it is OPT. False: malformed.
bool read_additional(std::string_view message, std::size_t& at, std::optional<Extension>& edns) {
  constexpr std::size_t kFixed = 10;  // type, class, time to live, length
  const auto name = Name::read(message, at);
  if (!name || message.size() - at < kFixed) return false;
  const std::size_t length = read16(message, at + 8);
  if (message.size() - at - kFixed < length) return false;
  if (read16(message, at) == kOpt) {
    if (edns || *name != Name()) return false;
    edns = {.size = read16(message, at + 2), .version = static_cast<std::uint8_t>(message[at + 5])};
  }
  at += kFixed + length;
  return true;
}

std::unexpected<Refusal> refuse(const Header& header, Rcode code) {
  const auto flags = static_cast<std::uint16_t>(
      kResponse | (header.flags & (kOpcode | kRecursionDesired)) | static_cast<unsigned>(code));
  return std::unexpected(Refusal{write_header({.id = header.id, .flags = flags, .counts = {}})});
}

// An answer's beginning, and what goes to its end.
class Writer {
 public:
  Writer(const Query& query, Rcode code, Authority authority) : query_(query), code_(code) {
    message_ =
        write_header({.id = query.id, .flags = flags(authority), .counts = {.questions = 1}});
    // As the client wrote it: some compare the case, too, to know their answers from forged ones.
    message_ += query.name.wire();
    write16(message_, query.type);
    write16(message_, query.cls);
  }

  // False: it would not fit.
  bool add(std::uint16_t type, std::string_view data, std::size_t limit) {
    constexpr std::size_t kRecord = 12;
    constexpr std::size_t kQuestionsName = 0xc000U | kHeader;  // a pointer
    const std::size_t extension = query_.edns_size ? kExtension : 0;
    if (message_.size() + kRecord + data.size() + extension > limit) return false;
    write16(message_, kQuestionsName);
    write16(message_, type);
    write16(message_, kInternet);
    write32(message_, kTimeToLive);
    write16(message_, data.size());
    message_ += data;
    ++records_;
    return true;
  }

  void mark_truncated() { is_truncated_ = true; }

  std::string finish() && {
    message_[6] = static_cast<char>(records_ >> 8U);
    message_[7] = static_cast<char>(records_ & 0xffU);
    if (is_truncated_) message_[2] = static_cast<char>(message_[2] | (kTruncated >> 8U));
    if (query_.edns_size) add_extension();
    return std::move(message_);
  }

 private:
  static constexpr std::size_t kExtension = 11;  // bytes of an OPT without options

  std::uint16_t flags(Authority authority) const {
    unsigned flags = kResponse | kRecursionAvailable | (static_cast<unsigned>(code_) & kRcode);
    if (authority == Authority::kOwn) flags |= kAuthoritative;
    if (query_.wants_recursion) flags |= kRecursionDesired;
    if (query_.checking_disabled) flags |= kCheckingDisabled;
    return static_cast<std::uint16_t>(flags);
  }

  void add_extension() {
    constexpr unsigned kHigh = 4;  // bits of a code that do not stand in OPT
    message_ += '\0';
    write16(message_, kOpt);
    write16(message_, kMostDatagram);
    write32(message_, (static_cast<std::uint32_t>(code_) >> kHigh) << 24U);
    write16(message_, 0);
    message_[11] = 1;
  }

  const Query& query_;
  Rcode code_;
  std::string message_;
  unsigned records_ = 0;
  bool is_truncated_ = false;
};

bool asks_for(const Query& query, const Address& address) {
  return query.type == kAny || query.type == (address.is_ipv4() ? kA : kAaaa);
}

}  // namespace

std::expected<Query, Refusal> parse_query(std::string_view message) {
  if (message.size() < kHeader) return std::unexpected(Refusal{});
  const Header header = read_header(message);
  // Two servers that answer each other's answers would do so for ever.
  if ((header.flags & kResponse) != 0) return std::unexpected(Refusal{});
  if ((header.flags & kOpcode) != 0) return refuse(header, Rcode::kNotImp);
  const Counts& counts = header.counts;
  if (counts.questions != 1 || counts.answers != 0 || counts.authorities != 0)
    return refuse(header, Rcode::kFormErr);
  std::size_t at = kHeader;
  auto question = read_question(message, at);
  if (!question) return refuse(header, Rcode::kFormErr);
  std::optional<Extension> edns;
  for (unsigned record = 0; record < counts.additional; ++record)
    if (!read_additional(message, at, edns)) return refuse(header, Rcode::kFormErr);
  if (at != message.size()) return refuse(header, Rcode::kFormErr);
  Query query{.id = header.id,
              .wants_recursion = (header.flags & kRecursionDesired) != 0,
              .checking_disabled = (header.flags & kCheckingDisabled) != 0,
              .name = std::move(question->name),
              .type = question->type,
              .cls = question->cls,
              .edns_size = {}};
  if (edns) query.edns_size = edns->size;
  if (edns && edns->version != 0)
    return std::unexpected(Refusal{answer_code(query, Rcode::kBadVers, Authority::kNone)});
  return query;
}

std::size_t datagram_limit(const Query& query) {
  return std::clamp<std::size_t>(query.edns_size.value_or(0), kLeastDatagram, kMostDatagram);
}

std::string answer_code(const Query& query, Rcode code, Authority authority) {
  return Writer(query, code, authority).finish();
}

std::string answer_addresses(const Query& query, std::span<const Address> addresses,
                             std::size_t limit) {
  Writer writer(query, Rcode::kNoError, Authority::kOwn);
  for (const Address& address : addresses) {
    if (!asks_for(query, address)) continue;
    const auto bytes = address.bytes();
    const std::string data(bytes.begin(), bytes.end());
    if (writer.add(address.is_ipv4() ? kA : kAaaa, data, limit)) continue;
    writer.mark_truncated();
    break;
  }
  return std::move(writer).finish();
}

std::string answer_pointer(const Query& query, const Name& target) {
  Writer writer(query, Rcode::kNoError, Authority::kOwn);
  // A reverse name has 74 bytes at most, so this fits; behind another question it might not.
  if (!writer.add(kPtr, target.wire(), kLeastDatagram)) writer.mark_truncated();
  return std::move(writer).finish();
}

std::string answer_truncated(const Query& query) {
  Writer writer(query, Rcode::kNoError, Authority::kNone);
  writer.mark_truncated();
  return std::move(writer).finish();
}

bool is_answer(std::string_view message, const Query& query, std::uint16_t id) {
  if (message.size() < kHeader) return false;
  const Header header = read_header(message);
  if (header.id != id || (header.flags & kResponse) == 0 || (header.flags & kOpcode) != 0)
    return false;
  // A server that does not know EDNS may say no more than that it does not understand (RFC 6891, section 7).
  if (header.counts.questions == 0) return code_of(message) == Rcode::kFormErr;
  std::size_t at = kHeader;
  const auto question = read_question(message, at);
  return header.counts.questions == 1 && question && question->name == query.name &&
         question->type == query.type && question->cls == query.cls;
}

Rcode code_of(std::string_view message) {
  return static_cast<Rcode>(read16(message, 2) & kRcode);
}

void set_id(std::string& message, std::uint16_t id) {
  message[0] = static_cast<char>(id >> 8U);
  message[1] = static_cast<char>(id & 0xffU);
}

}  // namespace planet::network::dns
