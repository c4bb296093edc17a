// Source: uname(2).
#pragma once

#include <string>

namespace planet::sys {

std::string kernel_release();  // "6.1.0-13-amd64"

}  // namespace planet::sys
