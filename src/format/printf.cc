// Go's fmt.Sprintf, as far as it is used in formats.
#include <algorithm>
#include <cstdio>
#include <string>

#include "base/strings.h"
#include "format/functions.h"

namespace planet::format {
namespace {

namespace json = oci::json;

struct Verb {
  bool left = false, zero = false, plus = false, sharp = false, blank = false;
  std::size_t width = 0;
  int precision = -1;
  char letter = 0;
};

bool take_flag(char c, Verb& verb) {
  switch (c) {
    case '-':
      return verb.left = true;
    case '0':
      return verb.zero = true;
    case '+':
      return verb.plus = true;
    case '#':
      return verb.sharp = true;
    case ' ':
      return verb.blank = true;
    default:
      return false;
  }
}

Result<std::size_t> take_count(std::string_view& rest) {
  constexpr std::size_t kMost = 1000;
  std::size_t count = 0;
  while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
    count = count * 10 + static_cast<std::size_t>(rest[0] - '0');
    if (count > kMost)
      return fail(Code::kInvalidArgument, "printf in the format has a width above 1000");
    rest.remove_prefix(1);
  }
  return count;
}

// What follows a '%'.
Result<Verb> take_verb(std::string_view& rest) {
  Verb verb;
  while (!rest.empty() && take_flag(rest[0], verb)) rest.remove_prefix(1);
  TRY_SET(verb.width, take_count(rest));
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    TRY_SET(const std::size_t precision, take_count(rest));
    verb.precision = static_cast<int>(precision);
  }
  if (rest.empty()) return fail(Code::kInvalidArgument, "printf in the format ends inside a %");
  verb.letter = rest[0];
  rest.remove_prefix(1);
  return verb;
}

std::unexpected<Error> misfit(const Verb& verb, const json::value& value) {
  return fail(Code::kInvalidArgument, "printf in the format cannot show " +
                                          quote(value_text(value).substr(0, 100)) + " with %" +
                                          printable(std::string_view(&verb.letter, 1)));
}

std::string digits(std::uint64_t number, unsigned base, bool capital) {
  std::string out;
  const char* const all = capital ? "0123456789ABCDEF" : "0123456789abcdef";
  do {
    out += all[number % base];
    number /= base;
  } while (number != 0);
  std::ranges::reverse(out);
  return out;
}

unsigned base_of(char letter) {
  if (letter == 'd') return 10;
  if (letter == 'o') return 8;
  return letter == 'b' ? 2 : 16;
}

std::string sign_of(const Verb& verb, bool negative) {
  if (negative) return "-";
  if (verb.plus) return "+";
  return verb.blank ? " " : "";
}

Result<std::string> whole(const Verb& verb, const json::value& value) {
  if (!value.is_int64() && !value.is_uint64()) return misfit(verb, value);
  const bool negative = value.is_int64() && value.get_int64() < 0;
  const std::uint64_t bits =
      value.is_uint64() ? value.get_uint64() : static_cast<std::uint64_t>(value.get_int64());
  const bool capital = verb.letter == 'X';
  const unsigned base = base_of(verb.letter);
  std::string out = digits(negative ? 0 - bits : bits, base, capital);
  if (verb.sharp && base == 16) out = (capital ? "0X" : "0x") + out;
  const std::string sign = sign_of(verb, negative);
  const std::size_t size = sign.size() + out.size();
  if (verb.zero && !verb.left && size < verb.width) out.insert(0, verb.width - size, '0');
  return sign + out;
}

Result<std::string> real(const Verb& verb, const json::value& value) {
  if (!value.is_double()) return misfit(verb, value);
  char format[16];
  std::snprintf(format, sizeof format, "%%%s.*%c", verb.plus ? "+" : "", verb.letter);
  char text[2048];  // a thousand digits behind the point, and what stands in front
  const int precision = verb.precision < 0 ? 6 : verb.precision;
  // The format is ours: one of six, made from a letter that was looked at.
  const int size =
      std::snprintf(text, sizeof text, format, precision, value.get_double());  // NOLINT
  return std::string(text, std::min(static_cast<std::size_t>(size), sizeof text - 1));
}

std::string hex(std::string_view bytes, bool capital) {
  std::string out;
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    out += digits(byte >> 4U, 16, capital) + digits(byte & 15U, 16, capital);
  }
  return out;
}

// A string or anything printed, cut to the precision in characters.
std::string shortened(const Verb& verb, std::string text) {
  if (verb.precision < 0) return text;
  std::size_t end = 0;
  for (int i = 0; i < verb.precision && end < text.size(); ++i)
    end += std::max<std::size_t>(1, utf8_length(std::string_view(text).substr(end)));
  text.resize(std::min(end, text.size()));
  return text;
}

Result<std::string> shown(const Verb& verb, const json::value& value) {
  switch (verb.letter) {
    case 'v':
    case 's':
      return shortened(verb, value_text(value));
    case 'q':
      if (!value.is_string()) return misfit(verb, value);
      return oci::to_text(value);
    case 't':
      if (!value.is_bool()) return misfit(verb, value);
      return value_text(value);
    case 'x':
    case 'X':
      if (value.is_string()) return hex(as_view(value.get_string()), verb.letter == 'X');
      return whole(verb, value);
    case 'd':
    case 'o':
    case 'b':
      return whole(verb, value);
    case 'f':
    case 'F':
    case 'e':
    case 'E':
    case 'g':
    case 'G':
      return real(verb, value);
    default:
      return fail(Code::kInvalidArgument, "printf in the format has %" +
                                              printable(std::string_view(&verb.letter, 1)) +
                                              ", which is not known here");
  }
}

std::string padded(const Verb& verb, std::string text) {
  const auto width = static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (c & 0xc0) != 0x80; }));
  if (width >= verb.width) return text;
  text.insert(verb.left ? text.size() : 0, verb.width - width, ' ');
  return text;
}

}  // namespace

Result<std::string> print_formatted(std::string_view format, const std::vector<Value>& args,
                                    Budget& budget) {
  std::string out;
  std::size_t next = 0;
  while (true) {
    const std::size_t percent = std::min(format.find('%'), format.size());
    out += format.substr(0, percent);
    format.remove_prefix(percent);
    if (format.empty()) break;
    format.remove_prefix(1);
    TRY_SET(const Verb verb, take_verb(format));
    if (verb.letter == '%') {
      out += '%';
      continue;
    }
    if (next == args.size())
      return fail(Code::kInvalidArgument, "printf in the format has more % than values");
    TRY_SET(std::string text, shown(verb, *args[next++]));
    text = padded(verb, std::move(text));
    TRY(budget.spend(text.size()));
    out += text;
  }
  if (next != args.size())
    return fail(Code::kInvalidArgument, "printf in the format has fewer % than values");
  return out;
}

}  // namespace planet::format
