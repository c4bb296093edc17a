#include "runtime/handshake.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/file.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

const std::set<Stage> kAll = {Stage::kIdMap, Stage::kMounts, Stage::kReady};

TEST(Sequence, TakesStagesInOrder) {
  Sequence sequence(kAll);
  EXPECT_TRUE(sequence.accept(Stage::kIdMap));
  EXPECT_TRUE(sequence.accept(Stage::kMounts));
  EXPECT_TRUE(sequence.accept(Stage::kReady));
  EXPECT_TRUE(sequence.end_of_file());
}

TEST(Sequence, AStageThatIsNotNeededIsAbsent) {
  Sequence sequence({Stage::kMounts, Stage::kReady});
  EXPECT_TRUE(sequence.accept(Stage::kMounts));
  EXPECT_FALSE(sequence.accept(Stage::kIdMap));
}

TEST(Sequence, RefusesEveryWrongOrder) {
  const std::vector<std::vector<Stage>> wrong = {
      {Stage::kMounts},
      {Stage::kReady},
      {Stage::kIdMap, Stage::kIdMap},
      {Stage::kIdMap, Stage::kReady},
      {Stage::kIdMap, Stage::kMounts, Stage::kMounts},
      {Stage::kIdMap, Stage::kMounts, Stage::kReady, Stage::kReady},
  };
  for (const auto& order : wrong) {
    Sequence sequence(kAll);
    for (std::size_t i = 0; i + 1 < order.size(); ++i) ASSERT_TRUE(sequence.accept(order[i]));
    EXPECT_EQ(sequence.accept(order.back()).error().code(), Code::kCorrupt);
  }
}

TEST(Sequence, EndOfFileBeforeReadyNamesTheStage) {
  Sequence sequence(kAll);
  ASSERT_TRUE(sequence.accept(Stage::kIdMap));
  EXPECT_EQ(sequence.end_of_file().error().to_string(), "init died before \"mounts\"");
}

class HearSteps : public StepLog {
 public:
  void step(const StepInfo& info, Side side, std::string_view detail, std::int64_t begin_ns,
            std::int64_t end_ns) override {
    heard.push_back(std::string(info.name) + " " + std::string(detail) + " " +
                    (side == Side::kInit ? "init" : "parent") + " " +
                    std::to_string(end_ns - begin_ns));
  }
  std::vector<std::string> heard;
};

class TalkTest : public testing::Test {
 protected:
  void SetUp() override {
    auto ends = sys::packet_socket_pair();
    ASSERT_TRUE(ends);
    parent_.emplace(std::move(ends->first), kAll, &steps_);
    init_.emplace(std::move(ends->second));
  }
  HearSteps steps_;
  std::optional<ParentTalk> parent_;
  std::optional<InitTalk> init_;
};

TEST_F(TalkTest, AStepTravelsWithItsDetail) {
  init_->step(info_of(LaunchStep::kMask), Side::kInit, "/proc/kcore", 5, 12);
  ASSERT_TRUE(init_->tell(Stage::kIdMap, {}));
  ASSERT_TRUE(parent_->wait_for(Stage::kIdMap));
  EXPECT_THAT(steps_.heard, testing::ElementsAre("mask /proc/kcore init 7"));
}

TEST_F(TalkTest, InitsErrorArrivesWhole) {
  init_->fail(Error::from_errno(EPERM, "mount /proc: fsopen proc"));
  const auto got = parent_->wait_for(Stage::kIdMap);
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code(), Code::kPermission);
  EXPECT_EQ(got.error().to_string(), "mount /proc: fsopen proc: Operation not permitted");
}

TEST_F(TalkTest, ManyDescriptorsTravelInSeveralMessages) {
  std::vector<UniqueFd> files;
  std::vector<BorrowedFd> lent;
  for (int i = 0; i < 250; ++i) {
    auto file = sys::open_at(sys::kCwd, "/dev/null", O_RDONLY);
    ASSERT_TRUE(file);
    files.push_back(*std::move(file));
    lent.push_back(files.back().borrow());
  }
  ASSERT_TRUE(parent_->answer(lent));
  const auto got = init_->ask(Stage::kMounts);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->size(), 250U);
}

TEST_F(TalkTest, TheEndOfTheOtherSideIsNoticed) {
  EXPECT_TRUE(init_->check_parent_alive());
  parent_.reset();
  EXPECT_EQ(init_->check_parent_alive().error().to_string(), "the parent died");
  EXPECT_FALSE(init_->ask(Stage::kIdMap));
}

TEST_F(TalkTest, InitsErrorIsFoundAfterOneOfTheParents) {
  ASSERT_TRUE(init_->tell(Stage::kIdMap, {}));
  init_->fail(Error::from_errno(ENOSPC, "create the network: unshare"));
  ASSERT_TRUE(parent_->answer()) << "which init does not read";
  init_.reset();
  EXPECT_FALSE(parent_->answer());
  const auto words = parent_->last_words();
  ASSERT_TRUE(words);
  EXPECT_EQ(words->to_string(), "create the network: unshare: No space left on device");
  EXPECT_FALSE(parent_->init_died());
  EXPECT_FALSE(parent_->last_words()) << "they are heard once";
}

TEST_F(TalkTest, InitsErrorIsHeardThoughItDidNotReadTheAnswer) {
  ASSERT_TRUE(parent_->answer());
  init_->fail(Error::from_errno(ENOSPC, "create the network: unshare"));
  init_.reset();
  EXPECT_EQ(parent_->wait_for(Stage::kIdMap).error().to_string(),
            "create the network: unshare: No space left on device");
}

TEST_F(TalkTest, SilenceIsNoLastWord) {
  EXPECT_FALSE(parent_->last_words());
  init_.reset();
  EXPECT_EQ(parent_->last_words()->to_string(), "init died before \"id map\"");
  EXPECT_TRUE(parent_->init_died());
}

TEST_F(TalkTest, ExecAfterReadyIsSuccessAndBeforeItIsNot) {
  ASSERT_TRUE(init_->tell(Stage::kIdMap, {}));
  ASSERT_TRUE(parent_->wait_for(Stage::kIdMap));
  init_.reset();
  EXPECT_EQ(parent_->wait_for_exec().error().to_string(), "init died before \"mounts\"");
}

}  // namespace
}  // namespace planet::runtime
