#include "sys/descriptors.h"

#include <unistd.h>

#include <algorithm>
#include <limits>
#include <vector>

#include "sys/call_error.h"

namespace planet::sys {
namespace {

Result<> close_from_to(unsigned first, unsigned last) {
  if (first > last || ::close_range(first, last, 0) == 0) return {};
  return std::unexpected(Error::from_errno(errno, "close_range"));
}

}  // namespace

Result<> close_all_but(std::span<const int> kept) {
  std::vector<int> stay(kept.begin(), kept.end());
  std::ranges::sort(stay);
  unsigned next = 0;
  for (const int fd : stay) {
    const auto number = static_cast<unsigned>(fd);
    if (number > next) TRY(close_from_to(next, number - 1));
    next = number + 1;
  }
  return close_from_to(next, std::numeric_limits<unsigned>::max());
}

}  // namespace planet::sys
