#include "registry/blob.h"

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "sys/process.h"

namespace planet::registry {
namespace {

// A server that breaks off after each byte would hold a pull for ever: only so much pays for a break.
constexpr std::uint64_t kGoodStretch = 16U << 20;

}  // namespace

std::optional<Range> parse_content_range(std::string_view field) {
  constexpr std::string_view kUnit = "bytes ";
  if (!field.starts_with(kUnit)) return std::nullopt;
  field.remove_prefix(kUnit.size());
  const std::size_t dash = field.find('-');
  const std::size_t slash = field.find('/');
  if (dash == std::string_view::npos || slash == std::string_view::npos || dash > slash)
    return std::nullopt;
  const auto number = [](std::string_view text) {
    return parse_number<std::uint64_t>(text, "range");
  };
  const auto first = number(field.substr(0, dash));
  const auto last = number(field.substr(dash + 1, slash - dash - 1));
  const auto size = number(field.substr(slash + 1));
  if (!first || !last || !size || *first > *last || *last >= *size) return std::nullopt;
  return Range{.first = *first, .last = *last, .size = *size};
}

Result<> BlobSource::open() {
  TRY_SET(Answer answer, ask_({}));
  if (const std::string* length = answer->header("Content-Length")) {
    const auto bytes = parse_number<std::uint64_t>(*length, "Content-Length");
    if (bytes && *bytes != size_)
      return fail(Code::kCorrupt, answer->url().shown() + " has " + std::to_string(*bytes) +
                                      " bytes, its descriptor says " + std::to_string(size_));
  }
  answer_.emplace(std::move(answer));
  return {};
}

// From where the last connection broke.
Result<> BlobSource::reopen() {
  skip_ = 0;
  if (at_ == 0) return open();
  TRY_SET(Answer answer, ask_({{"Range", "bytes=" + std::to_string(at_) + "-"}}));
  if (answer->status() == 206) {
    const std::string* field = answer->header("Content-Range");
    const auto range = field == nullptr ? std::nullopt : parse_content_range(*field);
    if (range != Range{.first = at_, .last = size_ - 1, .size = size_})
      return fail(Code::kCorrupt, answer->url().shown() + ": asked for the bytes from " +
                                      std::to_string(at_) + " on, the server sends others");
  } else {
    skip_ = at_;
  }
  answer_.emplace(std::move(answer));
  return {};
}

Result<std::string_view> BlobSource::judge(std::string_view piece) {
  const std::string who = (*answer_)->url().shown();
  if (piece.size() > size_ - at_)
    return fail(Code::kCorrupt, who + " is longer than the " + std::to_string(size_) +
                                    " bytes that its descriptor says");
  if (piece.empty() && at_ < size_)
    return fail(Code::kCorrupt, who + " ends after " + std::to_string(at_) + " of " +
                                    std::to_string(size_) + " bytes");
  at_ += piece.size();
  if (at_ - good_from_ >= kGoodStretch) {
    good_from_ = at_;
    breaks_ = 0;
  }
  return piece;
}

Result<std::string_view> BlobSource::next() {
  while (true) {
    if (!answer_) TRY(reopen());
    auto piece = (**answer_).next();
    if (piece && skip_ > 0 && !piece->empty()) {
      const std::size_t n = std::min<std::uint64_t>(skip_, piece->size());
      skip_ -= n;
      piece->remove_prefix(n);
      if (piece->empty()) continue;
    }
    if (piece) return judge(*piece);
    if (at_ == size_) return std::string_view();  // all is there; only the end of the answer is not
    if (++breaks_ > retries_.most) return piece;
    answer_.reset();
    sys::sleep_ms(static_cast<int>(back_off(retries_, breaks_).count()));
  }
}

}  // namespace planet::registry
