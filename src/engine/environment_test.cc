#include "engine/environment.h"

#include <gtest/gtest.h>

namespace planet::engine {
namespace {

using Texts = std::vector<std::string>;

TEST(Environment, TheUsersComeFirstAndWin) {
  EXPECT_EQ(given_environment({"A=1", "B=2", "A=3"}, {"PATH=/bin", "B=image", "C=", "C=4"}).value(),
            (Texts{"A=3", "B=2", "PATH=/bin", "C=4"}));
  EXPECT_FALSE(given_environment({}, {"PATH"}));
  EXPECT_FALSE(given_environment({}, {"=x"}));
}

TEST(Environment, WhatEveryContainerHasGivesWay) {
  const std::string path = std::string("PATH=") + kDefaultSearchPath;
  EXPECT_EQ(process_environment({"A=1"}, "web", false), (Texts{path, "HOSTNAME=web", "A=1"}));
  EXPECT_EQ(process_environment({"TERM=vt100", "PATH=/p", "HOSTNAME=x"}, "web", true),
            (Texts{"PATH=/p", "HOSTNAME=x", "TERM=vt100"}));
  EXPECT_EQ(process_environment({}, "", true), (Texts{path, "TERM=xterm"}));
}

TEST(Environment, AVariableIsThereOnce) {
  Texts env = {"A=1", "AB=2"};
  set_variables(env, {"A=3", "C=4"});
  EXPECT_EQ(env, (Texts{"A=3", "AB=2", "C=4"}));
}

}  // namespace
}  // namespace planet::engine
