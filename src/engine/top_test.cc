#include "engine/top.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using Rows = std::vector<std::vector<std::string>>;

TEST(Top, TakesTheLinesOfItsProcesses) {
  const char* output =
      "UID          PID CMD\nroot           1 init 42\nroot          42 sh -c  x\n";
  EXPECT_EQ(select_processes(output, {42}).value(),
            (Rows{{"UID", "PID", "CMD"}, {"root", "42", "sh -c x"}}));
  EXPECT_EQ(select_processes(output, {}).value(), (Rows{{"UID", "PID", "CMD"}}));
  EXPECT_EQ(select_processes("  PID\n   7", {7}).value(), (Rows{{"PID"}, {"7"}}));
}

TEST(Top, NeedsThePids) {
  EXPECT_FALSE(select_processes("CMD\nsh\n", {1}));
  EXPECT_FALSE(select_processes("", {1}));
}

}  // namespace
}  // namespace planet::engine
