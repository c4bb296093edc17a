#include "registry/link.h"

#include <algorithm>

#include "base/strings.h"
#include "registry/text.h"

namespace planet::registry {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool at_end() {
    skip_blanks();
    return rest_.empty();
  }
  bool take(char c) {
    skip_blanks();
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<std::string> until(char c) {
    const std::size_t end = rest_.find(c);
    if (end == std::string_view::npos) return std::nullopt;
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::string word() {
    skip_blanks();
    const std::size_t end = std::min(rest_.find_first_of(" \t,;=\"<>"), rest_.size());
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end);
    return text;
  }
  std::optional<std::string> quoted() {
    std::string text;
    while (!rest_.empty()) {
      const char c = rest_.front();
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c == '\\' && rest_.empty()) return std::nullopt;
      text += c == '\\' ? rest_.front() : c;
      if (c == '\\') rest_.remove_prefix(1);
    }
    return std::nullopt;
  }

 private:
  void skip_blanks() {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t"), rest_.size()));
  }
  std::string_view rest_;
};

std::unexpected<Error> bad() {
  return fail(Code::kInvalidArgument, "the field Link of the answer is not one");
}

// The parameters behind a target. True if one of them says that it is the next page.
Result<bool> is_next(Reader& reader) {
  bool next = false;
  while (reader.take(';')) {
    const std::string name = lower(reader.word());
    if (name.empty()) return bad();
    if (!reader.take('=')) continue;
    std::optional<std::string> value = reader.take('"') ? reader.quoted() : reader.word();
    if (!value) return bad();
    const std::string kinds = lower(*value);  // "prev next"
    if (name == "rel") next = next || std::ranges::count(split(kinds, ' '), "next") != 0;
  }
  return next;
}

}  // namespace

Result<std::optional<std::string>> parse_next_link(std::string_view field) {
  Reader reader(field);
  while (!reader.at_end()) {
    if (!reader.take('<')) return bad();
    std::optional<std::string> target = reader.until('>');
    if (!target) return bad();
    TRY_SET(const bool next, is_next(reader));
    if (next) return target;
    if (!reader.take(',') && !reader.at_end()) return bad();
  }
  return std::nullopt;
}

}  // namespace planet::registry
