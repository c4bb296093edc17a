#include "engine/firewall_guard.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <stdlib.h>

#include <cstdio>
#include <string>

#include "engine/disconnect.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

std::string shell(const std::string& command) {
  std::string output;
  FILE* pipe = ::popen(command.c_str(), "r");
  for (int c = std::fgetc(pipe); c != EOF; c = std::fgetc(pipe)) output += static_cast<char>(c);
  EXPECT_EQ(::pclose(pipe), 0) << command;
  return output;
}

// The keeper of a container is the test itself, in a network namespace of its own.
class FirewallGuardTest : public testing::Test {
 protected:
  void SetUp() override {
    home_ = *sys::open_at(sys::kCwd, "/proc/thread-self/ns/net", O_RDONLY);
    if (sys::own_user() != 0 || ::unshare(CLONE_NEWNET) != 0)
      GTEST_SKIP() << "needs root, for a network namespace";
    char top[] = "/tmp/planet-guard-XXXXXX";
    ASSERT_NE(::mkdtemp(top), nullptr);
    top_ = top;
    auto places = Places::open(top_ + "/root", top_ + "/run");
    ASSERT_TRUE(places) << places.error().to_string();
    places_.emplace(*std::move(places));
    guard_.emplace(*places_);
    guard_->begin();
    ASSERT_TRUE(ensure_firewall(*places_));
    serve(0);  // what it has just heard of its own
    rules_ = rules();
    ASSERT_TRUE(rules_.contains("chain forward"));
  }
  void TearDown() override {
    guard_.reset();
    places_.reset();
    EXPECT_EQ(::setns(home_.borrow().get(), CLONE_NEWNET), 0);
    if (top_.empty()) return;
    EXPECT_TRUE(sys::remove_tree_at(sys::kCwd, top_.c_str()));
  }

  static std::string rules() { return shell("nft list ruleset"); }

  // As the keeper's loop does it. False if nothing was to be done for so long.
  bool serve(int milliseconds) {
    std::vector<pollfd> set;
    guard_->watch(set);
    EXPECT_EQ(set.size(), Attendant::kWatched);
    const int patience = guard_->patience();
    const bool is_late = patience >= 0 && patience <= milliseconds;
    const int ready = ::poll(set.data(), set.size(), is_late ? patience : milliseconds);
    guard_->serve(set);
    return ready > 0 || is_late;
  }
  // Until the rules are there again, which takes so long at most.
  bool is_repaired(int milliseconds) {
    const std::int64_t end = sys::monotonic_ns() + milliseconds * std::int64_t{1'000'000};
    while (sys::monotonic_ns() < end) {
      (void)serve(10);
      if (rules() == rules_) return true;
    }
    return false;
  }

  static constexpr int kSoon = 5000;
  UniqueFd home_;
  std::string top_, rules_;
  std::optional<Places> places_;
  std::optional<FirewallGuard> guard_;
};

TEST_F(FirewallGuardTest, MakesAgainWhatOthersTookAway) {
  for (int round = 0; round < 3; ++round) {
    shell("nft flush ruleset");
    EXPECT_EQ(rules(), "");
    EXPECT_TRUE(is_repaired(kSoon));
  }
  const std::string table = shell("nft list tables | grep inet");
  shell("nft delete " + table);
  EXPECT_TRUE(is_repaired(kSoon));
}

TEST_F(FirewallGuardTest, DoesNotFollowEachStepOfWhoChangesWithoutEnd) {
  while (serve(300)) {
  }
  shell("nft flush ruleset");
  EXPECT_TRUE(serve(kSoon));
  EXPECT_EQ(rules(), rules_);
  shell("nft flush ruleset");
  EXPECT_TRUE(serve(0));
  EXPECT_EQ(rules(), "");  // a moment later
  EXPECT_GT(guard_->patience(), 0);
  EXPECT_TRUE(is_repaired(kSoon));
}

TEST_F(FirewallGuardTest, IsOverAtItsEnd) {
  while (serve(300)) {
  }
  guard_->end();
  shell("nft flush ruleset");
  EXPECT_FALSE(serve(100));
  EXPECT_EQ(guard_->patience(), -1);
  EXPECT_EQ(rules(), "");
}

}  // namespace
}  // namespace planet::engine
