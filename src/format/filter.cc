#include "format/filter.h"

#include <regex.h>

#include <algorithm>

#include "base/strings.h"

namespace planet::format {
namespace {

std::string list_of(std::initializer_list<std::string_view> known) {
  std::string list;
  for (const std::string_view key : known)
    if (!key.ends_with('!')) list += (list.empty() ? "" : ", ") + std::string(key);
  return list;
}

bool has_label(const std::map<std::string, std::string>& labels, const std::string& wanted) {
  const std::size_t equals = wanted.find('=');
  const auto found = labels.find(wanted.substr(0, equals));
  if (found == labels.end()) return false;
  return equals == std::string::npos || found->second == wanted.substr(equals + 1);
}

// Not std::regex, which throws and calls itself once for each character.
bool has_match(const std::string& expression, const std::string& text) {
  regex_t compiled;
  if (::regcomp(&compiled, expression.c_str(), REG_EXTENDED | REG_NOSUB) != 0) return false;
  const bool found = ::regexec(&compiled, text.c_str(), 0, nullptr, 0) == 0;
  ::regfree(&compiled);
  return found;
}

std::size_t length_of(std::string_view text) {
  return std::max<std::size_t>(1, utf8_length(text));
}

// "[a-z]" at the front of `pattern`, of which it says the length; 0 when it has no end.
std::size_t class_length(std::string_view pattern) {
  std::size_t at = 1;
  if (at < pattern.size() && pattern[at] == '^') ++at;
  const std::size_t first = at;
  for (; at < pattern.size(); ++at) {
    if (pattern[at] == ']' && at > first) return at + 1;
    if (pattern[at] == '\\') ++at;
  }
  return 0;
}

bool in_class(std::string_view inner, std::string_view character) {
  const bool negated = inner.starts_with('^');
  if (negated) inner.remove_prefix(1);
  const auto take = [&] {
    if (inner.starts_with('\\') && inner.size() > 1) inner.remove_prefix(1);
    const std::string_view one = inner.substr(0, length_of(inner));
    inner.remove_prefix(one.size());
    return one;
  };
  bool inside = false;
  while (!inner.empty()) {
    const std::string_view low = take();
    std::string_view high = low;
    if (inner.starts_with('-') && inner.size() > 1) {
      inner.remove_prefix(1);
      high = take();
    }
    // UTF-8 sorts as its characters do.
    inside = inside || (low <= character && character <= high);
  }
  return inside != negated;
}

// One character of the text against what `pattern` begins with, no '*': how much of the pattern it was; 0 if it does
// not fit.
std::size_t fits_one(std::string_view pattern, std::string_view character) {
  if (pattern[0] == '?') return character == "/" ? 0 : 1;
  if (pattern[0] == '[') {
    const std::size_t length = class_length(pattern);
    if (length == 0 || character == "/") return 0;
    return in_class(pattern.substr(1, length - 2), character) ? length : 0;
  }
  const std::size_t escape = pattern[0] == '\\' && pattern.size() > 1 ? 1 : 0;
  const std::string_view literal = pattern.substr(escape, length_of(pattern.substr(escape)));
  return literal == character ? escape + literal.size() : 0;
}

}  // namespace

Result<Filters> Filters::parse(const std::vector<std::string>& texts,
                               std::initializer_list<std::string_view> known) {
  Filters filters;
  for (const std::string& text : texts) {
    const std::size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0)
      return fail(Code::kInvalidArgument, "--filter " + quote(text) + ": expected KEY=VALUE");
    const std::string key(trim(std::string_view(text).substr(0, equals)));
    if (std::ranges::find(known, key) == known.end())
      return fail(Code::kInvalidArgument, "--filter " + quote(text) + ": there is no filter " +
                                              quote(key) + " here, only " + list_of(known));
    filters.values_[key].emplace_back(trim(std::string_view(text).substr(equals + 1)));
  }
  return filters;
}

const std::vector<std::string>& Filters::values(std::string_view key) const {
  static const std::vector<std::string> kNone;
  const auto found = values_.find(key);
  return found == values_.end() ? kNone : found->second;
}

bool Filters::matches(std::string_view key, std::string_view text) const {
  return any(key, [&](const std::string& value) {
    return value == text || has_match(value, std::string(text));
  });
}

bool Filters::labels_fit(const std::map<std::string, std::string>& labels) const {
  const auto in = [&](const std::string& wanted) { return has_label(labels, wanted); };
  return std::ranges::all_of(values("label"), in) && std::ranges::none_of(values("label!"), in);
}

Result<std::optional<bool>> Filters::truth(std::string_view key) const {
  std::optional<bool> truth;
  for (const std::string& value : values(key)) {
    const bool yes = value == "true" || value == "1";
    if (!yes && value != "false" && value != "0")
      return fail(Code::kInvalidArgument,
                  "--filter " + quote(std::string(key) + "=" + value) + ": expected true or false");
    if (truth && *truth != yes)
      return fail(Code::kInvalidArgument,
                  "--filter " + std::string(key) + "= is given as true and as false");
    truth = yes;
  }
  return truth;
}

Result<std::optional<Moment>> Filters::moment(std::string_view key, Moment from) const {
  const std::vector<std::string>& texts = values(key);
  if (texts.empty()) return std::optional<Moment>();
  if (texts.size() > 1)
    return fail(Code::kInvalidArgument, "--filter " + std::string(key) + "= is given twice");
  TRY_SET(const Moment moment, parse_moment(texts[0], from), "--filter " + std::string(key));
  return std::optional<Moment>(moment);
}

bool fits_pattern(std::string_view pattern, std::string_view text) {
  // Where to go on when what follows the last '*' did not fit: the star takes one character more.
  std::optional<std::pair<std::string_view, std::string_view>> retry;
  while (!text.empty() || !pattern.empty()) {
    if (pattern.starts_with('*')) {
      pattern.remove_prefix(1);
      retry = {pattern, text};
      continue;
    }
    const std::string_view character =
        text.empty() ? std::string_view() : text.substr(0, length_of(text));
    const std::size_t used = pattern.empty() || text.empty() ? 0 : fits_one(pattern, character);
    if (used > 0) {
      pattern.remove_prefix(used);
      text.remove_prefix(character.size());
      continue;
    }
    if (!retry || retry->second.empty() || retry->second[0] == '/') return false;
    retry->second.remove_prefix(length_of(retry->second));
    pattern = retry->first;
    text = retry->second;
  }
  return true;
}

}  // namespace planet::format
