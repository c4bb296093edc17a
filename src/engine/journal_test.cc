#include "engine/journal.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

const JournalSource kSource{.id = std::string(64, 'a'), .name = "web", .image = "busybox"};

TEST(JournalEntry, HasTheFieldsOfDocker) {
  EXPECT_EQ(
      journal_entry(kSource, runtime::Stream::kOut, "hello", true),
      "MESSAGE=hello\nPRIORITY=6\nCONTAINER_ID=aaaaaaaaaaaa\nCONTAINER_ID_FULL=" + kSource.id +
          "\nCONTAINER_NAME=web\nCONTAINER_TAG=aaaaaaaaaaaa\n"
          "SYSLOG_IDENTIFIER=aaaaaaaaaaaa\nIMAGE_NAME=busybox\n");
  const std::string part = journal_entry(kSource, runtime::Stream::kErr, "x", false);
  EXPECT_TRUE(part.contains("PRIORITY=3\n"));
  EXPECT_TRUE(part.ends_with("CONTAINER_PARTIAL_MESSAGE=true\n"));
}

// A value with a line end in it can be no field of its own: it has its length before it.
TEST(JournalEntry, NoValueBecomesAField) {
  JournalSource source = kSource;
  source.image = "x\nCONTAINER_NAME=other";
  const std::string entry = journal_entry(source, runtime::Stream::kOut, "a\nPRIORITY=0\n", true);
  const std::string message("MESSAGE\n\x0d\0\0\0\0\0\0\0a\nPRIORITY=0\n\n", 8 + 8 + 13 + 1);
  EXPECT_TRUE(entry.starts_with(message + "PRIORITY=6\n"));
  EXPECT_TRUE(entry.contains(std::string("IMAGE_NAME\n\x16\0\0\0\0\0\0\0x\n", 11 + 8 + 2)));
}

}  // namespace
}  // namespace planet::engine
