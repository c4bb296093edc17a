#include "runtime/labels.h"

#include <gtest/gtest.h>

namespace planet::runtime {
namespace {

constexpr SecurityModules kNone{};
constexpr SecurityModules kAppArmor{.apparmor = true};
constexpr SecurityModules kSelinux{.selinux = true};
constexpr const char* kLabel = "system_u:system_r:container_t:s0:c1,c2";

oci::Process process(const std::string& profile, const std::string& label) {
  oci::Process process;
  process.apparmor_profile = profile;
  process.selinux_label = label;
  return process;
}

std::string refusal(const oci::Process& process, const SecurityModules& modules) {
  const auto labels = plan_labels(process, modules);
  return labels ? "" : labels.error().to_string();
}

TEST(PlanLabels, SaysWhatIsWrittenWhere) {
  const auto profile = plan_labels(process("planet-web", ""), kAppArmor);
  ASSERT_TRUE(profile);
  const std::vector<PlannedLabel> want = {{.field = "process.apparmorProfile",
                                           .file = "apparmor/exec",
                                           .name = "planet-web",
                                           .text = "exec planet-web"}};
  EXPECT_EQ(*profile, want);

  const auto label = plan_labels(process("", kLabel), kSelinux);
  ASSERT_TRUE(label);
  const std::vector<PlannedLabel> want_label = {
      {.field = "process.selinuxLabel", .file = "exec", .name = kLabel, .text = kLabel}};
  EXPECT_EQ(*label, want_label);

  const auto both = plan_labels(process("a", "b"), {.apparmor = true, .selinux = true});
  ASSERT_TRUE(both);
  EXPECT_EQ(both->size(), 2U);
}

TEST(PlanLabels, UnconfinedIsSaidWhereThereIsAppArmor) {
  EXPECT_EQ(plan_labels(process("unconfined", ""), kNone)->size(), 0U);
  EXPECT_EQ(plan_labels(process("unconfined", ""), kAppArmor)->front().text, "exec unconfined");
  EXPECT_EQ(plan_labels(process("", ""), kAppArmor)->size(), 0U);
}

TEST(PlanLabels, RefusesWhatTheKernelHasNot) {
  EXPECT_EQ(
      refusal(process("planet-web", ""), kSelinux),
      "process.apparmorProfile is \"planet-web\", but AppArmor is not enabled in this kernel; "
      "use \"unconfined\", or boot with apparmor=1 security=apparmor");
  EXPECT_EQ(refusal(process("", "a:b:c:d"), kAppArmor),
            "process.selinuxLabel is \"a:b:c:d\", but SELinux is not enabled in this kernel; leave "
            "it out, or boot with selinux=1 security=selinux");
  EXPECT_EQ(
      check_mount_label("a", kNone).error().to_string(),
      "linux.mountLabel is \"a\", but SELinux is not enabled in this kernel; leave it out, or "
      "boot with selinux=1 security=selinux");
  EXPECT_TRUE(check_mount_label("", kNone));
  EXPECT_TRUE(check_mount_label("a", kSelinux));
}

// The kernel takes a line's words for commands: "exec a" and whatever follows.
TEST(PlanLabels, RefusesNamesOfSeveralLines) {
  const std::string names[] = {"a\nb", "a\tb", std::string("a\0b", 3)};
  for (const std::string& bad : names) {
    EXPECT_NE(refusal(process(bad, ""), kAppArmor).find("expected a name on one line"),
              std::string::npos);
    EXPECT_NE(refusal(process("", bad), kSelinux).find("expected a name on one line"),
              std::string::npos);
    EXPECT_FALSE(check_mount_label(bad, kSelinux));
  }
}

TEST(Labels, NothingIsOpenedForNothing) {
  auto labels = Labels::plan(process("", ""), "");
  ASSERT_TRUE(labels);
  const auto own = std::move(*labels).open_own();
  ASSERT_TRUE(own);
  EXPECT_FALSE(own->any());
  EXPECT_TRUE(own->take());
}

}  // namespace
}  // namespace planet::runtime
