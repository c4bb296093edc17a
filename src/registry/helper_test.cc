// Helpers that are scripts of the test's own.
#include "registry/helper.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>

namespace planet::registry {
namespace {

namespace stdfs = std::filesystem;
using std::chrono::milliseconds;
using testing::HasSubstr;
using testing::Not;

class HelperTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/tmp/planet-helper-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
  }
  void TearDown() override { stdfs::remove_all(top_); }

  Helper make(const std::string& script) {
    const std::string path = top_ / "docker-credential-test";
    std::ofstream(path) << "#!/bin/sh\n" << script;
    stdfs::permissions(path, stdfs::perms::owner_all);
    const auto found = find_helper("docker-credential-test", "relative:/nowhere:" + top_.string());
    EXPECT_TRUE(found);
    return found.value_or(Helper{});
  }
  std::string said() {
    std::ifstream file(top_ / "said");
    return {std::istreambuf_iterator<char>(file), {}};
  }

  stdfs::path top_;
};

TEST_F(HelperTest, GetsStoresAndErases) {
  const Helper helper =
      make("echo \"$1\" $# >" + top_.string() + "/said; cat >>" + top_.string() +
           "/said; echo '{\"ServerURL\":\"x\",\"Username\":\"ann\",\"Secret\":\"p:w\"}'");
  const auto got = helper_get(helper, "https://index.docker.io/v1/");
  ASSERT_TRUE(got) << got.error().to_string();
  ASSERT_TRUE(*got);
  EXPECT_EQ((*got)->username, "ann");
  EXPECT_EQ((*got)->password.reveal(), "p:w");
  EXPECT_EQ(said(), "get 1\nhttps://index.docker.io/v1/");
  ASSERT_TRUE(helper_store(
      helper, "r.example",
      {.username = "bob", .password = Secret("q\"w"), .identity_token = {}, .registry_token = {}}));
  EXPECT_EQ(said(),
            "store 1\n{\"ServerURL\":\"r.example\",\"Username\":\"bob\",\"Secret\":\"q\\\"w\"}");
  ASSERT_TRUE(helper_store(
      helper, "r.example",
      {.username = "bob", .password = {}, .identity_token = Secret("t"), .registry_token = {}}));
  EXPECT_THAT(said(), HasSubstr("\"Username\":\"<token>\",\"Secret\":\"t\""));
  ASSERT_TRUE(helper_erase(helper, "r.example"));
  EXPECT_EQ(said(), "erase 1\nr.example");
}

TEST_F(HelperTest, KnowingNothingIsNoError) {
  const auto got = helper_get(make("echo 'credentials not found in native keychain'; exit 1"), "x");
  ASSERT_TRUE(got) << got.error().to_string();
  EXPECT_FALSE(*got);
}

TEST_F(HelperTest, FailuresNameTheHelperAndShowNoSecret) {
  const std::pair<const char*, const char*> cases[] = {
      {"echo hush; exit 1", "it failed"},
      {"kill -9 $$", "it failed"},
      {"echo hush", "does not answer with a Username and a Secret"},
      {"echo '{\"Username\":\"a:hush\",\"Secret\":\"hush\"}'", "colon"},
      {"head -c 100000 /dev/zero | tr '\\0' h", "more than 64 KiB"},
      {"exec sleep 100", "did not end in time"},
  };
  for (const auto& [script, want] : cases) {
    const auto got = helper_get(make(script), "x", milliseconds(1000));
    ASSERT_FALSE(got) << script;
    EXPECT_THAT(got.error().to_string(), HasSubstr(want)) << script;
    EXPECT_THAT(got.error().to_string(), HasSubstr("docker-credential-test"));
    EXPECT_THAT(got.error().to_string(), Not(HasSubstr("hush")));
  }
}

TEST_F(HelperTest, IsFoundByItsNameInAbsoluteDirectoriesOnly) {
  make("exit 0");
  EXPECT_FALSE(find_helper("docker-credential-test", "/nowhere::."));
  stdfs::permissions(top_ / "docker-credential-test", stdfs::perms::owner_read);
  EXPECT_EQ(find_helper("docker-credential-test", top_.string()).error().code(), Code::kNotFound);
  for (const char* name : {"docker-credential-../../bin/sh", "sh", "", "docker-credential-a b",
                           "docker-credential-a;b"})
    EXPECT_EQ(find_helper(name, "/bin").error().code(), Code::kInvalidArgument) << name;
}

}  // namespace
}  // namespace planet::registry
