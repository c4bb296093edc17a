// Random names.
//
// Source: getrandom(2).
#pragma once

#include <string>

namespace planet::sys {

std::string random_hex(std::size_t digits);  // digits is even

}  // namespace planet::sys
