// Random names and numbers.
//
// Source: getrandom(2).
#pragma once

#include <cstdint>
#include <string>

namespace planet::sys {

std::string random_hex(std::size_t digits);  // digits is even
std::uint32_t random_number();

}  // namespace planet::sys
