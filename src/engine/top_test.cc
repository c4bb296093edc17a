#include "engine/top.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

TEST(Top, TakesTheLinesOfItsProcesses) {
  const char* output = "UID          PID CMD\nroot           1 init 42\nroot          42 sh\n";
  EXPECT_EQ(select_processes(output, {42}).value(), "UID          PID CMD\nroot          42 sh\n");
  EXPECT_EQ(select_processes(output, {}).value(), "UID          PID CMD\n");
  EXPECT_EQ(select_processes("  PID\n   7", {7}).value(), "  PID\n   7\n");
}

TEST(Top, NeedsThePids) {
  EXPECT_FALSE(select_processes("CMD\nsh\n", {1}));
  EXPECT_FALSE(select_processes("", {1}));
}

}  // namespace
}  // namespace planet::engine
