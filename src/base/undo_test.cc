#include "base/undo.h"

#include <gtest/gtest.h>

#include <string>

namespace planet {
namespace {

TEST(Undo, RunsLastStepFirst) {
  std::string seen;
  {
    Undo undo;
    undo.add([&] { seen += 'a'; });
    undo.add([&] { seen += 'b'; });
  }
  EXPECT_EQ(seen, "ba");
}

TEST(Undo, DoesNothingAfterCommit) {
  std::string seen;
  {
    Undo undo;
    undo.add([&] { seen += 'a'; });
    undo.commit();
  }
  EXPECT_EQ(seen, "");
}

}  // namespace
}  // namespace planet
