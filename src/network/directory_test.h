// A directory of a test's own, taken away at its end.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>
#include <utility>

#include "base/unique_fd.h"
#include "sys/file.h"

namespace planet::network {

class DirectoryTest : public testing::Test {
 protected:
  void SetUp() override {
    char path[] = "/tmp/planet-network-XXXXXX";
    ASSERT_NE(::mkdtemp(path), nullptr);
    path_ = path;
    auto dir = sys::open_at(sys::kCwd, path, O_RDONLY | O_DIRECTORY);
    ASSERT_TRUE(dir) << dir.error().to_string();
    dir_ = *std::move(dir);
  }
  void TearDown() override {
    if (path_.empty()) return;
    EXPECT_TRUE(sys::remove_tree_at(sys::kCwd, path_.c_str()));
    EXPECT_FALSE(sys::exists_at(sys::kCwd, path_.c_str()));
  }

  std::string path_;
  UniqueFd dir_;
};

}  // namespace planet::network
