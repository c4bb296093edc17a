#include "sys/descriptors.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>

#include "sys/process.h"

namespace planet::sys {
namespace {

bool is_open(int fd) {
  return ::fcntl(fd, F_GETFD) >= 0;
}

// In a process of its own, which says so by its status.
TEST(Descriptors, OnlyWhatIsKeptStaysOpen) {
  auto child = clone_process({});
  ASSERT_TRUE(child);
  if (!child->valid()) {
    bool right = true;
    for (int i = 0; i < 8; ++i) right = right && ::dup(0) >= 0;
    const std::array kept{5, 3};
    right = right && close_all_but(kept).has_value();
    for (int fd = 0; fd < 64; ++fd) right = right && is_open(fd) == (fd == 3 || fd == 5);
    exit_now(right ? 0 : 1);
  }
  EXPECT_EQ(child->wait()->shell_status(), 0);
}

}  // namespace
}  // namespace planet::sys
