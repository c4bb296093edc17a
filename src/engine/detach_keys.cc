#include "engine/detach_keys.h"

#include "base/strings.h"

namespace planet::engine {
namespace {

// The byte of one key; -1 if it is none.
int byte_of(std::string_view key) {
  constexpr std::string_view kPrefix = "ctrl-";
  if (key.size() == 1) return static_cast<unsigned char>(key.front());
  if (!key.starts_with(kPrefix) || key.size() != kPrefix.size() + 1) return -1;
  const char c = key.back();
  if (c >= 'a' && c <= 'z') return c - 'a' + 1;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 1;
  constexpr std::string_view kOthers = "[\\]^_";
  constexpr int kEscape = 27;
  const std::size_t at = kOthers.find(c);
  if (c == '@') return 0;
  return at == std::string_view::npos ? -1 : kEscape + static_cast<int>(at);
}

}  // namespace

Result<std::string> parse_detach_keys(std::string_view text) {
  std::string keys;
  for (const std::string_view key : split(text.empty() ? "ctrl-p,ctrl-q" : text, ',')) {
    const int byte = byte_of(key);
    if (byte < 0)
      return fail(Code::kInvalidArgument,
                  "--detach-keys " + quote(text) + ": " + quote(key) +
                      " is not a key; expected a character, or ctrl- and a letter");
    keys += static_cast<char>(byte);
  }
  return keys;
}

std::string DetachKeys::filter(std::string_view typed, bool& found) {
  std::string passed;
  for (const char c : typed) {
    if (keys_.empty()) return std::string(typed);
    if (c != keys_[matched_]) {
      passed += keys_.substr(0, matched_);
      matched_ = 0;
    }
    if (c != keys_[matched_]) {
      passed += c;
    } else if (++matched_ == keys_.size()) {
      found = true;
      matched_ = 0;
      break;
    }
  }
  return passed;
}

}  // namespace planet::engine
