// Hooks are real programs here: Debian's busybox.
#include "runtime/hooks.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>

#include "sys/file.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

namespace stdfs = std::filesystem;
using testing::HasSubstr;

class HooksTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string path = "/var/tmp/planet-hooks-XXXXXX";
    ASSERT_NE(::mkdtemp(path.data()), nullptr);
    top_ = path;
    auto dir = sys::open_at(sys::kCwd, path.c_str(), O_PATH | O_DIRECTORY);
    ASSERT_TRUE(dir);
    dir_ = *std::move(dir);
  }
  void TearDown() override { stdfs::remove_all(top_); }

  static oci::Hook shell(const std::string& text) {
    return {.path = "/bin/busybox", .args = {"sh", "-c", text}, .env = {"ONLY=this"}};
  }
  Result<> run(const std::vector<oci::Hook>& hooks) {
    return run_hooks(hooks, "createRuntime", dir_.borrow(), "{\"id\":\"x\"}");
  }
  std::string content(const char* name) {
    return sys::read_file_at(dir_.borrow(), name).value_or("(missing)");
  }

  stdfs::path top_;
  UniqueFd dir_;
};

TEST_F(HooksTest, HearTheStateAndNothingOfOurs) {
  ::setenv("SECRET", "x", 1);
  const auto leaked = sys::open_at(sys::kCwd, "/dev/null", O_RDONLY);
  const auto ran =
      run({shell("busybox cat >state; echo $ONLY$SECRET >env; busybox pwd >cwd;"
                 "busybox ls /proc/self/fd | busybox wc -l >fds")});
  ASSERT_TRUE(ran) << ran.error().to_string();
  EXPECT_EQ(content("state"), "{\"id\":\"x\"}");
  EXPECT_EQ(content("env"), "this\n");
  EXPECT_EQ(content("cwd"), top_.string() + "\n");
  EXPECT_EQ(content("fds"), "4\n") << "0, 1, 2 and ls's own";
}

TEST_F(HooksTest, AreExecutedInOrderUntilOneFails) {
  const auto ran = run(
      {shell("echo 1 >>order"), shell("echo why it failed >&2; exit 3"), shell("echo 3 >>order")});
  ASSERT_FALSE(ran);
  EXPECT_EQ(ran.error().to_string(),
            "hooks.createRuntime[1] \"/bin/busybox\": exit status 3: why it failed");
  EXPECT_EQ(content("order"), "1\n");
}

TEST_F(HooksTest, OneThatIsMissingSaysSo) {
  EXPECT_EQ(
      run({{.path = "/no/such"}}).error().to_string(),
      "hooks.createRuntime[0] \"/no/such\": exit status 127: execute: No such file or directory");
}

TEST_F(HooksTest, OneThatHangsIsKilledWithItsChildren) {
  oci::Hook hook = shell("busybox sleep 1000 & echo $! >child; busybox sleep 1000");
  hook.timeout = 1;
  EXPECT_THAT(run({hook}).error().to_string(), HasSubstr("timeout of 1 s"));
  const std::string child = "/proc/" + content("child").substr(0, content("child").size() - 1);
  const auto words = [&] {
    return sys::read_file_at(sys::kCwd, (child + "/cmdline").c_str()).value_or("");
  };
  for (int i = 0; i < 100 && !words().empty(); ++i) sys::sleep_ms(10);
  EXPECT_EQ(words(), "");
}

TEST_F(HooksTest, MuchOutputDoesNotBlockIt) {
  EXPECT_TRUE(run({shell("busybox head -c 1000000 /dev/zero")}));
  const auto failed = run({shell("busybox yes | busybox head -c 1000000; exit 1")});
  EXPECT_LT(failed.error().to_string().size(), 10000U);
}

}  // namespace
}  // namespace planet::runtime
