// Source: pipe(2).
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::sys {

struct Pipe {
  UniqueFd read, write;
};
Result<Pipe> make_pipe();

}  // namespace planet::sys
