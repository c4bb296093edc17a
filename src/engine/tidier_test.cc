#include "engine/tidier.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>

#include <filesystem>
#include <optional>

#include "sys/file.h"

namespace planet::engine {
namespace {

class TidierTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string top = "/tmp/planet-tidier-XXXXXX";
    ASSERT_NE(::mkdtemp(top.data()), nullptr);
    top_ = top;
    auto places = Places::open(top_ + "/root", top_ + "/run");
    ASSERT_TRUE(places) << places.error().to_string();
    places_.emplace(*std::move(places));
    std::filesystem::create_directories(top_ + "/root/containers/c.removed/upper/a");
  }
  void TearDown() override { std::filesystem::remove_all(top_); }
  bool is_there() const { return std::filesystem::exists(top_ + "/root/containers/c.removed"); }

  std::string top_;
  std::optional<Places> places_;
};

TEST_F(TidierTest, AProcessOfItsOwnRemovesWhatIsLeft) {
  const UniqueFd lock =
      *sys::open_at(places_->root_dir.borrow(), "containers/c.removed", O_RDONLY | O_DIRECTORY);
  {
    Tidier tidier(*places_);
    tidier.remove_later("containers/c.removed", lock.borrow());
    EXPECT_TRUE(is_there());
  }
  int status = -1;
  ASSERT_GT(::waitpid(-1, &status, 0), 0);
  EXPECT_EQ(status, 0);
  EXPECT_FALSE(is_there());
}

TEST_F(TidierTest, NothingToDoTakesNoProcess) {
  {
    const Tidier tidier(*places_);
  }
  EXPECT_LT(::waitpid(-1, nullptr, WNOHANG), 0);
  EXPECT_TRUE(is_there());
}

}  // namespace
}  // namespace planet::engine
