#include "sys/netlink_message.h"

#include <algorithm>
#include <bit>
#include <cerrno>
#include <limits>

#include "base/strings.h"

namespace planet::sys {
namespace {

constexpr std::size_t kAlignment = 4;  // NLMSG_ALIGNTO, NLA_ALIGNTO
static_assert(sizeof(nlmsghdr) % kAlignment == 0 && sizeof(nlattr) == kAlignment);

std::size_t aligned(std::size_t size) {
  return (size + kAlignment - 1) / kAlignment * kAlignment;
}

template <class T>
T big_endian(T value) {
  return std::endian::native == std::endian::little ? std::byteswap(value) : value;
}

// The kernel says a negated errno. What is none is never taken for success.
int errno_of(int said) {
  constexpr int kMostErrno = 4095;
  return said > 0 || said < -kMostErrno ? EBADMSG : -said;
}

// The attributes behind a verdict. With NETLINK_CAP_ACK the request's header alone comes back before them, without it a
// refused request comes back whole.
std::string_view words_of(const NetlinkAnswer& answer, const nlmsgerr& verdict) {
  std::size_t before = sizeof verdict;
  if ((answer.header.nlmsg_flags & NLM_F_CAPPED) == 0 && verdict.error != 0)
    before += aligned(verdict.msg.nlmsg_len) - sizeof verdict.msg;
  return before < answer.body.size() ? answer.body.substr(before) : std::string_view();
}

}  // namespace

void NetlinkMessages::begin_with(std::uint16_t type, std::uint16_t flags, std::string_view header) {
  last_ = bytes_.size();
  nlmsghdr begin{};
  begin.nlmsg_type = type;
  begin.nlmsg_flags = static_cast<std::uint16_t>(flags | NLM_F_REQUEST);
  append(bytes_of(begin));
  append(header);
  ++count_;
}

void NetlinkMessages::await() {
  awaited_ = count_ - 1;
}

// What stands behind it begins aligned; the padding counts for the message and for what encloses it, not for itself.
void NetlinkMessages::append(std::string_view bytes) {
  bytes_ += bytes;
  bytes_.resize(aligned(bytes_.size()));
  set_length();
}

void NetlinkMessages::set_length() {
  const auto length = static_cast<std::uint32_t>(bytes_.size() - last_);
  std::memcpy(bytes_.data() + last_ + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
}

void NetlinkMessages::put(std::uint16_t type, std::string_view bytes) {
  const std::size_t length = sizeof(nlattr) + bytes.size();
  if (length > std::numeric_limits<std::uint16_t>::max()) {
    too_long_ = true;
    return;
  }
  const nlattr head{.nla_len = static_cast<std::uint16_t>(length), .nla_type = type};
  bytes_ += bytes_of(head);
  append(bytes);
}

void NetlinkMessages::put_text(std::uint16_t type, std::string_view text) {
  std::string terminated(text);
  put(type, std::string_view(terminated.c_str(), terminated.size() + 1));
}

void NetlinkMessages::put_be32(std::uint16_t type, std::uint32_t value) {
  put_u32(type, big_endian(value));
}

void NetlinkMessages::put_be64(std::uint16_t type, std::uint64_t value) {
  const std::uint64_t swapped = big_endian(value);
  put(type, bytes_of(swapped));
}

NetlinkMessages::Nest NetlinkMessages::nest(std::uint16_t type) {
  const std::size_t start = bytes_.size();
  put(static_cast<std::uint16_t>(type | NLA_F_NESTED), {});
  return {*this, start};
}

void NetlinkMessages::close(std::size_t start) {
  const std::size_t length = bytes_.size() - start;
  too_long_ = too_long_ || length > std::numeric_limits<std::uint16_t>::max();
  const auto said = static_cast<std::uint16_t>(length);
  std::memcpy(bytes_.data() + start + offsetof(nlattr, nla_len), &said, sizeof said);
}

std::optional<std::string_view> NetlinkMessages::seal(std::uint32_t first) {
  if (too_long_ || empty()) return std::nullopt;
  std::size_t at = 0;
  for (std::uint32_t request = 0; request < count_; ++request) {
    nlmsghdr header{};
    std::memcpy(&header, bytes_.data() + at, sizeof header);
    header.nlmsg_seq = first + request;
    if (request == awaited()) header.nlmsg_flags |= NLM_F_ACK;
    std::memcpy(bytes_.data() + at, &header, sizeof header);
    at += header.nlmsg_len;
  }
  return bytes_;
}

bool NetlinkMessages::tolerates(std::uint32_t request, int error) const {
  return std::ranges::any_of(tolerated_, [&](const Tolerated& one) {
    return one.request == request && one.error == error;
  });
}

std::optional<std::uint32_t> NetlinkAttribute::be32() const {
  const auto value = leading<std::uint32_t>(bytes);
  if (!value) return std::nullopt;
  return big_endian(*value);
}

std::optional<std::uint64_t> NetlinkAttribute::be64() const {
  const auto value = leading<std::uint64_t>(bytes);
  if (!value) return std::nullopt;
  return big_endian(*value);
}

std::optional<NetlinkAnswer> next_answer(std::string_view& datagram) {
  const auto header = leading<nlmsghdr>(datagram);
  if (!header || header->nlmsg_len < sizeof *header || header->nlmsg_len > datagram.size())
    return std::nullopt;
  const NetlinkAnswer answer{
      .header = *header,
      .body = datagram.substr(sizeof *header, header->nlmsg_len - sizeof *header)};
  datagram.remove_prefix(std::min(aligned(header->nlmsg_len), datagram.size()));
  return answer;
}

std::optional<NetlinkAttribute> next_attribute(std::string_view& attributes) {
  const auto head = leading<nlattr>(attributes);
  if (!head || head->nla_len < sizeof *head || head->nla_len > attributes.size())
    return std::nullopt;
  const NetlinkAttribute attribute{
      .type = static_cast<std::uint16_t>(head->nla_type & NLA_TYPE_MASK),
      .bytes = attributes.substr(sizeof *head, head->nla_len - sizeof *head)};
  attributes.remove_prefix(std::min(aligned(head->nla_len), attributes.size()));
  return attribute;
}

std::optional<NetlinkVerdict> verdict_of(const NetlinkAnswer& answer) {
  const bool done = answer.header.nlmsg_type == NLMSG_DONE;
  if (!done && answer.header.nlmsg_type != NLMSG_ERROR) return std::nullopt;
  NetlinkVerdict verdict;
  std::string_view words;
  if (const auto said = leading<nlmsgerr>(answer.body); said && !done) {
    verdict.error = errno_of(said->error);
    words = words_of(answer, *said);
  } else if (const auto number = leading<int>(answer.body); number && done) {
    verdict.error = errno_of(*number);
    words = answer.body.substr(sizeof *number);
  } else if (!done) {
    verdict.error = EBADMSG;
  }
  if ((answer.header.nlmsg_flags & NLM_F_ACK_TLVS) == 0) return verdict;
  while (const auto attribute = next_attribute(words))
    if (attribute->type == NLMSGERR_ATTR_MSG) verdict.text = printable(attribute->text());
  return verdict;
}

}  // namespace planet::sys
