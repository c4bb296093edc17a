#include "sys/command_line.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "sys/file.h"

namespace planet::sys {
namespace {

TEST(CommandLine, IsReplacedForEverybody) {
  const pid_t child = ::fork();
  if (child == 0) {
    if (!set_command_line("short: one")) ::_exit(1);
    const auto shown = read_file_at(kCwd, "/proc/self/cmdline");
    ::_exit(shown && *shown == std::string("short: one\0", 11) ? 0 : 2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

TEST(CommandLine, FillsItsAreaWhateverTheLength) {
  for (std::size_t size = 0; size < 12; ++size) {
    std::string memory(size, 's');
    write_command_line(memory, "planet");
    EXPECT_EQ(memory.find('s'), std::string::npos) << size;
    const std::string shown = memory.substr(0, memory.find('\0'));
    EXPECT_EQ(shown, std::string("planet").substr(0, size == 0 ? 0 : size - 1)) << size;
    // The kernel reads on beyond an area whose last byte is not NUL, up to the first NUL: there is one before.
    const bool reads_on = size > 0 && memory.back() != '\0';
    EXPECT_TRUE(!reads_on || memory.find('\0') != std::string::npos) << size;
  }
}

}  // namespace
}  // namespace planet::sys
