// What ps(1) shows of this process: the memory of its arguments, which everybody on the host may read.
//
// Source: proc(5), /proc/PID/cmdline and /proc/PID/stat; kernel fs/proc/base.c, get_mm_cmdline.
#pragma once

#include <span>
#include <string_view>

#include "base/error.h"

namespace planet::sys {

// Replaces this process's arguments by one: nothing of what was there can be read any more. Nobody may use argv after it.
Result<> set_command_line(std::string_view text);

// The same for any such area: `text`, cut where it is too long, and nothing else.
void write_command_line(std::span<char> area, std::string_view text);

}  // namespace planet::sys
