#include "format/token.h"

#include <charconv>
#include <utility>

#include "base/strings.h"

namespace planet::format {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

bool is_blank(char c) {
  return kBlank.contains(c);
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}

// Reads the words of one action, up to its "}}".
class Words {
 public:
  explicit Words(std::string_view rest) : rest_(rest) {}

  Result<std::vector<Token>> all() {
    std::vector<Token> tokens;
    while (true) {
      const bool blank = skip_blank();
      if (at_end(blank)) return tokens;
      if (rest_.empty()) return fail(Code::kInvalidArgument, "the format has a {{ without its }}");
      TRY_SET(Token token, next());
      token.joined = !blank;
      tokens.push_back(std::move(token));
    }
  }

  std::string_view rest() const { return rest_; }  // behind the "}}"
  bool trims() const { return trims_; }

 private:
  bool skip_blank() {
    const std::size_t count = std::min(rest_.find_first_not_of(kBlank), rest_.size());
    rest_.remove_prefix(count);
    return count > 0;
  }

  bool at_end(bool blank) {
    trims_ = blank && rest_.starts_with("-}}");
    if (!trims_ && !rest_.starts_with("}}")) return false;
    rest_.remove_prefix(trims_ ? 3 : 2);
    return true;
  }

  std::string take_word() {
    std::size_t count = 0;
    while (count < rest_.size() && is_word(rest_[count])) ++count;
    std::string word(rest_.substr(0, count));
    rest_.remove_prefix(count);
    return word;
  }

  Result<Token> next() {
    const char c = rest_[0];
    if (c == '"' || c == '`' || c == '\'') return quoted(c);
    const bool sign = c == '-' || c == '+';
    if (is_digit(c) || (sign && rest_.size() > 1 && is_digit(rest_[1]))) return number();
    if (c == '.') {
      rest_.remove_prefix(1);
      std::string name = take_word();
      const auto kind = name.empty() ? Token::Kind::kDot : Token::Kind::kField;
      return Token{.kind = kind, .text = std::move(name)};
    }
    if (c == '$') {
      rest_.remove_prefix(1);
      return Token{.kind = Token::Kind::kVariable, .text = "$" + take_word()};
    }
    if (is_word(c)) return Token{.kind = Token::Kind::kName, .text = take_word()};
    return sign_token();
  }

  Result<Token> sign_token() {
    for (const std::string_view sign : {":=", "(", ")", "|", ",", "="})
      if (rest_.starts_with(sign)) {
        rest_.remove_prefix(sign.size());
        return Token{.kind = Token::Kind::kSign, .text = std::string(sign)};
      }
    return fail(Code::kInvalidArgument,
                "the format has a stray " + quote(rest_.substr(0, 1)) + " inside {{ }}");
  }

  Result<Token> number() {
    const std::string_view text = rest_.substr(rest_[0] == '+' ? 1 : 0);
    std::int64_t whole = 0;
    double real = 0;
    const char* const end = text.data() + text.size();
    const auto as_whole = std::from_chars(text.data(), end, whole);
    const auto as_real = std::from_chars(text.data(), end, real);
    const bool is_whole = as_whole.ec == std::errc() && as_whole.ptr == as_real.ptr;
    const char* const stop = as_real.ptr;
    if (as_real.ec != std::errc() || (stop != end && is_word(*stop)))
      return fail(Code::kInvalidArgument,
                  "the format has " + quote(rest_.substr(0, 20)) + ", which is no number");
    Token token{.kind = Token::Kind::kLiteral};
    if (is_whole)
      token.literal = whole;
    else
      token.literal = real;
    rest_.remove_prefix(static_cast<std::size_t>(stop - rest_.data()));
    return token;
  }

  Result<Token> quoted(char mark) {
    std::string value;
    std::size_t i = 1;
    for (; i < rest_.size() && rest_[i] != mark; ++i) {
      if (rest_[i] != '\\' || mark == '`' || i + 1 == rest_.size()) {
        value += rest_[i];
      } else {
        TRY(escaped(rest_[++i], value));
      }
    }
    if (i >= rest_.size())
      return fail(Code::kInvalidArgument, "the format has a string without its end");
    rest_.remove_prefix(i + 1);
    Token token{.kind = Token::Kind::kLiteral};
    // 'a' is a number to Go, which nobody means by it: here it is a short string.
    token.literal.emplace_string().assign(value.data(), value.size());
    return token;
  }

  static Result<> escaped(char c, std::string& to) {
    constexpr std::string_view kNames = "ntr\\\"'abfv";
    constexpr std::string_view kMeaning = "\n\t\r\\\"'\a\b\f\v";
    const std::size_t at = kNames.find(c);
    if (at == std::string_view::npos)
      return fail(Code::kInvalidArgument,
                  "the format has the escape " + quote(std::string("\\") + c) +
                      ", and only \\n \\t \\r \\\\ \\\" \\' \\a \\b \\f \\v are known");
    to += kMeaning[at];
    return {};
  }

  std::string_view rest_;
  bool trims_ = false;
};

// "/* ... */" up to the "}}"; false if it is no comment.
Result<bool> skip_comment(std::string_view& rest, bool& trims) {
  const std::size_t start = std::min(rest.find_first_not_of(kBlank), rest.size());
  if (!rest.substr(start).starts_with("/*")) return false;
  const std::size_t end = rest.find("*/", start + 2);
  if (end == std::string_view::npos)
    return fail(Code::kInvalidArgument, "the format has a comment without its end");
  rest.remove_prefix(end + 2);
  Words words(rest);
  TRY_SET(const std::vector<Token> behind, words.all());
  if (!behind.empty())
    return fail(Code::kInvalidArgument, "a comment in a format has its {{ }} for itself");
  trims = words.trims();
  rest = words.rest();
  return true;
}

std::string_view trim_left(std::string_view text) {
  text.remove_prefix(std::min(text.find_first_not_of(kBlank), text.size()));
  return text;
}

std::string_view trim_right(std::string_view text) {
  return text.substr(0, text.find_last_not_of(kBlank) + 1);
}

// The action that `text` is at, behind its "{{", up to and with its "}}".
Result<Piece> take_action(std::string_view& text, bool& trims) {
  Words words(text);
  TRY_SET(std::vector<Token> tokens, words.all());
  std::string_view written = text.substr(0, text.size() - words.rest().size());
  written.remove_suffix(words.trims() ? 3 : 2);
  trims = words.trims();
  text = words.rest();
  return Piece{.action = true, .text = std::string(trim(written)), .tokens = std::move(tokens)};
}

}  // namespace

Result<std::vector<Piece>> cut_template(std::string_view text) {
  std::vector<Piece> pieces;
  bool trims = false;  // the action before takes the blanks behind it away
  while (!text.empty()) {
    const std::size_t open = std::min(text.find("{{"), text.size());
    std::string_view before = text.substr(0, open);
    if (trims) before = trim_left(before);
    trims = false;
    text.remove_prefix(open);
    const bool trims_before = text.size() > 3 && text[2] == '-' && is_blank(text[3]);
    if (trims_before) before = trim_right(before);
    if (!before.empty()) pieces.push_back({.text = std::string(before)});
    if (text.empty()) break;
    text.remove_prefix(trims_before ? 3 : 2);
    TRY_SET(const bool comment, skip_comment(text, trims));
    if (comment) continue;
    TRY_SET(Piece piece, take_action(text, trims));
    pieces.push_back(std::move(piece));
  }
  return pieces;
}

}  // namespace planet::format
