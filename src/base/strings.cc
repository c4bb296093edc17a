#include "base/strings.h"

namespace planet {
namespace {

constexpr std::string_view kBlank = " \t\r\n";

void append_hex(std::string& out, unsigned char byte) {
  constexpr char kDigits[] = "0123456789abcdef";
  out += "\\x";
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

bool is_control(std::string_view sequence) {
  const auto first = static_cast<unsigned char>(sequence[0]);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7f;
  return first == 0xc2 && static_cast<unsigned char>(sequence[1]) < 0xa0;  // C1: U+0080..U+009F
}

// What the first byte of a UTF-8 sequence says of its length; 0 if none begins so.
std::size_t length_by_first(unsigned char first) {
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  if (first < 0xe0) return 2;
  return first < 0xf0 ? 3 : 4;
}

// The second byte's range keeps overlong forms, surrogates and numbers above U+10FFFF out.
bool fits_second(unsigned char first, unsigned char second) {
  const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  return second >= low && second <= high;
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t at = text.find(separator);
    parts.push_back(text.substr(0, at));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + 1);
  }
}

std::string_view trim(std::string_view text) {
  const std::size_t first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
  std::string out;
  for (const std::string& part : parts) {
    if (&part != &parts.front()) out += separator;
    out += part;
  }
  return out;
}

namespace {

Result<> add_range(std::string_view part, std::vector<unsigned>& numbers) {
  constexpr unsigned kMost = 8191;
  const std::size_t dash = part.find('-');
  TRY_SET(const unsigned first, parse_number<unsigned>(part.substr(0, dash), "number"));
  unsigned last = first;
  if (dash != std::string_view::npos) {
    TRY_SET(last, parse_number<unsigned>(part.substr(dash + 1), "number"));
  }
  if (last > kMost || first > last)
    return fail(Code::kInvalidArgument, quote(part) + " is no range of numbers up to 8191");
  for (unsigned number = first; number <= last; ++number) numbers.push_back(number);
  return {};
}

}  // namespace

Result<std::vector<unsigned>> parse_number_list(std::string_view list) {
  std::vector<unsigned> numbers;
  for (const std::string_view part : split(list, ',')) TRY(add_range(part, numbers));
  return numbers;
}

std::size_t utf8_length(std::string_view text) {
  const auto first = static_cast<unsigned char>(text[0]);
  const std::size_t length = length_by_first(first);
  if (length < 2) return length;
  if (text.size() < length || !fits_second(first, static_cast<unsigned char>(text[1]))) return 0;
  for (const char c : text.substr(2, length - 2))
    if ((static_cast<unsigned char>(c) & 0xc0) != 0x80) return 0;
  return length;
}

std::string printable(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = utf8_length(text);
    const std::string_view sequence = text.substr(0, length == 0 ? 1 : length);
    if (length == 0 || is_control(sequence)) {
      for (const char c : sequence) append_hex(out, static_cast<unsigned char>(c));
    } else if (sequence == "\\") {
      out += "\\\\";
    } else {
      out += sequence;
    }
    text.remove_prefix(sequence.size());
  }
  return out;
}

std::string quote(std::string_view text) {
  return '"' + printable(text) + '"';
}

}  // namespace planet
