// Strict, allocation-light text helpers. Nothing here depends on the locale.
#pragma once

#include <charconv>
#include <concepts>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace planet {

// "a:b::c" split at ':' is {"a", "b", "", "c"}; the empty text is {""}.
std::vector<std::string_view> split(std::string_view text, char separator);

std::string_view trim(std::string_view text);  // spaces, tabs, newlines at both ends

std::string join(const std::vector<std::string>& parts, std::string_view separator);

// The whole of `text` as a decimal (or base `base`) number: no sign for unsigned types, no '+', no space, no
// prefix. `what` names the value in the message.
// Errors: kInvalidArgument - empty, another character, or out of the range of T.
template <std::integral T>
Result<T> parse_number(std::string_view text, std::string_view what, int base = 10) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value, base);
  if (error == std::errc::result_out_of_range)
    return fail(Code::kInvalidArgument,
                std::string(what) + " \"" + std::string(text) + "\" is out of range");
  if (error != std::errc() || stop != end)
    return fail(Code::kInvalidArgument,
                std::string(what) + " \"" + std::string(text) + "\" is not a number");
  return value;
}

// "0-2,7", as the kernel lists processors and memory nodes: the numbers, in the order of the list.
// Errors: kInvalidArgument - another form, an empty list, or numbers from 8192 on, which no kernel has.
Result<std::vector<unsigned>> parse_number_list(std::string_view list);

// Length of the well-formed UTF-8 sequence that `text`, not empty, begins with; 0 if there is none.
// Source: RFC 3629, section 4 (no surrogates, no overlong forms).
std::size_t utf8_length(std::string_view text);

// `text` with control characters (C0, DEL, C1) and bytes that are not UTF-8 as \xNN, and '\' doubled: fit for
// a terminal when `text` is not ours.
std::string printable(std::string_view text);

// `text` between double quotes, made printable.
std::string quote(std::string_view text);

}  // namespace planet
