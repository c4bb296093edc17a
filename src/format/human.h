// Sizes, ages and foreign text as people read them in docker's tables.
//
// Source: docker's tables; go-units' HumanSize and HumanDuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace planet::format {

// "4.2MB": powers of 1000, with so many digits.
std::string size_text(std::uint64_t bytes, int digits = 3);

// "3 minutes", "About an hour", "2 weeks".
std::string duration_text(std::int64_t seconds);

// For a terminal: control characters and bytes that are not UTF-8 as \xNN. Unlike printable() it leaves '\' alone,
// and with `lines` also line ends and tabs.
std::string terminal_text(std::string_view text, bool lines);

}  // namespace planet::format
