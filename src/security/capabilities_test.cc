#include "security/capabilities.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::security {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;

TEST(Capabilities, NamesAndNumbersAgree) {
  EXPECT_EQ(capability_number("CAP_CHOWN"), 0);
  EXPECT_EQ(capability_number("sys_admin"), 21);
  EXPECT_EQ(capability_number("CHECKPOINT_RESTORE"), kLastCapability);
  EXPECT_FALSE(capability_number("CAP_"));
  EXPECT_FALSE(capability_number("ALL"));
  for (int number = 0; number <= kLastCapability; ++number)
    EXPECT_EQ(capability_number(capability_name(number)), number);
}

TEST(ChangeCapabilities, FollowsDocker) {
  const std::vector<std::string> base = {"CAP_CHOWN", "CAP_KILL"};
  EXPECT_THAT(*change_capabilities(base, all_capabilities(), {"net_admin"}, {"KILL"}),
              ElementsAre("CAP_CHOWN", "CAP_NET_ADMIN"));
  EXPECT_THAT(*change_capabilities(base, all_capabilities(), {"CAP_SYS_TIME"}, {"ALL"}),
              ElementsAre("CAP_SYS_TIME"));
  EXPECT_THAT(*change_capabilities(base, all_capabilities(), {"ALL"}, {"SYS_ADMIN"}),
              Not(Contains("CAP_SYS_ADMIN")));
  EXPECT_EQ(change_capabilities(base, all_capabilities(), {"FLY"}, {}).error().to_string(),
            "--cap-add: unknown capability \"FLY\"; see capabilities(7)");
  // ALL is all that there is to give; what is named is for the caller to judge.
  EXPECT_THAT(*change_capabilities(base, {"CAP_CHOWN"}, {"ALL", "SYS_TIME"}, {}),
              ElementsAre("CAP_CHOWN", "CAP_SYS_TIME"));
}

TEST(PlanCapabilities, InheritableIsEmptyUnlessAsked) {
  oci::Capabilities spec;
  spec.bounding = spec.effective = spec.permitted = default_capabilities();
  const auto sets = plan_capabilities(spec);
  ASSERT_TRUE(sets);
  EXPECT_EQ(sets->inheritable, 0U);
  EXPECT_EQ(sets->bounding, sets->effective);
  EXPECT_EQ(plan_capabilities(std::nullopt)->bounding, 0U);
}

TEST(DropUngrantable, SaysEachOnce) {
  oci::Capabilities sets;
  sets.bounding = {"CAP_CHOWN", "CAP_KILL", "CAP_FLY", "chown"};
  sets.ambient = {"CAP_KILL"};
  EXPECT_EQ(drop_ungrantable(sets, CapabilitySet{1}),
            (std::vector<std::string>{"CAP_KILL", "CAP_FLY", "chown"}));
  EXPECT_EQ(sets.bounding, std::vector<std::string>{"CAP_CHOWN"});
  EXPECT_TRUE(sets.ambient.empty());
}

}  // namespace
}  // namespace planet::security
