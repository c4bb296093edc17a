#include "runtime/plan.h"

#include <gtest/gtest.h>
#include <linux/sched.h>

#include <functional>

namespace planet::runtime {
namespace {

oci::Spec good_spec() {
  oci::Spec spec;
  spec.process.emplace();
  spec.process->args = {"true"};
  for (const auto type : {oci::NamespaceType::kMount, oci::NamespaceType::kPid,
                          oci::NamespaceType::kUts, oci::NamespaceType::kCgroup})
    spec.linux_.namespaces.push_back({.type = type, .path = ""});
  spec.mounts = {
      {.destination = "/proc", .type = "proc", .source = "proc", .options = {}},
      {.destination = "/dev/", .type = "tmpfs", .source = "tmpfs", .options = {"mode=755"}},
      {.destination = "/data", .type = "bind", .source = "/srv", .options = {"rbind", "ro"}},
      {.destination = "/sys/fs/cgroup", .type = "cgroup", .source = "cgroup", .options = {}}};
  return spec;
}

TEST(PlanLaunch, SaysWhoMakesWhat) {
  const auto plan = plan_launch(good_spec());
  ASSERT_TRUE(plan) << plan.error().to_string();
  EXPECT_EQ(plan->clone_flags, std::uint64_t{CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS});
  EXPECT_EQ(plan->join_flags,
            std::uint64_t{CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWCGROUP});
  EXPECT_EQ(plan->mounts[0].maker, Maker::kInit);
  EXPECT_EQ(plan->mounts[1].maker, Maker::kParentDev);
  EXPECT_EQ(plan->mounts[1].destination, "/dev");
  EXPECT_EQ(plan->mounts[2].maker, Maker::kParentBind);
  EXPECT_EQ(plan->mounts[3].maker, Maker::kInitCgroup);
  EXPECT_EQ(plan->parent_mounts, 2U);
  EXPECT_EQ(plan->devices.size(), 6U);
}

TEST(PlanLaunch, SaysWhereEachNamespaceComesFrom) {
  oci::Spec spec = good_spec();
  spec.linux_.namespaces.push_back({.type = oci::NamespaceType::kNetwork, .path = ""});
  spec.linux_.namespaces.push_back({.type = oci::NamespaceType::kTime, .path = ""});
  spec.linux_.namespaces.push_back({.type = oci::NamespaceType::kIpc, .path = "/run/ipc"});
  const auto plan = plan_launch(spec);
  ASSERT_TRUE(plan) << plan.error().to_string();
  EXPECT_EQ(plan->clone_flags, std::uint64_t{CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS});
  EXPECT_EQ(plan->unshare_flags, std::uint64_t{CLONE_NEWNET});
  EXPECT_TRUE(plan->new_time);
  ASSERT_EQ(plan->joined.size(), 1U);
  EXPECT_EQ(plan->joined[0].path, "/run/ipc");
  EXPECT_EQ(plan->join_flags,
            std::uint64_t{CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWUTS | CLONE_NEWCGROUP |
                          CLONE_NEWNET | CLONE_NEWTIME | CLONE_NEWIPC});
}

std::vector<std::string> destinations(const Plan& plan) {
  std::vector<std::string> names;
  for (const PlannedMount& mount : plan.mounts) names.push_back(mount.destination);
  return names;
}

TEST(PlanLaunch, BindsTheDevicesWhereNobodyMakesThem) {
  oci::Spec spec = good_spec();
  spec.linux_.devices = {{.type = "c", .path = "/dev/fuse", .major = 10, .minor = 229},
                         {.type = "c", .path = "/data/null", .major = 1, .minor = 3},
                         {.type = "p", .path = "/dev/pipe"}};
  for (const Rights rights : {Rights::kNamespace, Rights::kUser}) {
    const auto plan = plan_launch(spec, rights);
    ASSERT_TRUE(plan) << plan.error().to_string();
    EXPECT_EQ(destinations(*plan),
              (std::vector<std::string>{"/proc", "/dev", "/dev/null", "/dev/zero", "/dev/full",
                                        "/dev/random", "/dev/urandom", "/dev/tty", "/dev/fuse",
                                        "/data", "/sys/fs/cgroup", "/data/null"}));
    EXPECT_EQ(plan->mounts[8].maker, Maker::kParentBind);
    ASSERT_TRUE(plan->mounts[8].device);
    EXPECT_EQ(plan->mounts[8].device->minor, 229);
    EXPECT_EQ(plan->parent_mounts, 10U);
    ASSERT_EQ(plan->devices.size(), 1U);
    EXPECT_EQ(plan->devices[0].path, "/dev/pipe");
    EXPECT_TRUE(plan->other_devices.empty());
  }
  const auto of_root = plan_launch(spec);
  ASSERT_TRUE(of_root);
  EXPECT_EQ(of_root->mounts.size(), 4U);
  EXPECT_EQ(of_root->devices.size(), 8U);
}

TEST(PlanLaunch, AUserMountsThroughNoIdMap) {
  oci::Spec spec = good_spec();
  spec.mounts[2].options = {"rbind", "idmap"};
  EXPECT_TRUE(plan_launch(spec, Rights::kNamespace));
  const auto plan = plan_launch(spec, Rights::kUser);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().to_string(),
            "mounts: \"/data\": only root mounts through an id map; leave it out");
}

TEST(CheckRights, AUserNeedsAUserNamespace) {
  oci::Spec spec = good_spec();
  EXPECT_TRUE(check_rights(spec, Rights::kHost));
  EXPECT_TRUE(check_rights(spec, Rights::kNamespace));
  const auto without = check_rights(spec, Rights::kUser);
  ASSERT_FALSE(without);
  EXPECT_EQ(without.error().code(), Code::kPermission);
  spec.linux_.namespaces.push_back({.type = oci::NamespaceType::kUser, .path = ""});
  EXPECT_TRUE(check_rights(spec, Rights::kUser));
  spec.linux_.namespaces.push_back({.type = oci::NamespaceType::kTime, .path = ""});
  EXPECT_TRUE(check_rights(spec, Rights::kHost));
  EXPECT_FALSE(check_rights(spec, Rights::kUser));
}

struct BadCase {
  const char* want = "";
  std::function<void(oci::Spec&)> break_it;
};

const BadCase kBad[] = {
    {"mounts: destination \"proc\" is not an absolute path",
     [](oci::Spec& s) { s.mounts[0].destination = "proc"; }},
    {"/proc: mount option \"move\" does not describe a mount",
     [](oci::Spec& s) { s.mounts[0].options = {"move"}; }},
    {"mounts: \"/data\": a bind mount has no option \"size\"",
     [](oci::Spec& s) { s.mounts[2].options = {"rbind", "size=3"}; }},
    {"mounts: \"/proc\": an id map is supported for bind mounts only",
     [](oci::Spec& s) { s.mounts[0].options = {"idmap"}; }},
    {"linux.devices: \"/data/x\" is below the mount at \"/data\", where none can be made with a "
     "user "
     "namespace; bind it",
     [](oci::Spec& s) {
       s.linux_.namespaces.push_back({oci::NamespaceType::kUser, ""});
       s.linux_.uid_mappings = {{0, 1000, 1}};
       s.linux_.gid_mappings = {{0, 1000, 1}};
       s.linux_.devices.push_back({.type = "c", .path = "/data/x"});
     }},
    {"linux.namespaces has no \"mount\": a container without it would mount over the host",
     [](oci::Spec& s) { s.linux_.namespaces.clear(); }},
};

std::string context_of(const PlannedMount& mount) {
  for (const fs::DataOption& option : mount.options.data)
    if (option.key == "context") return option.value.value_or("");
  return "";
}

TEST(PlanLaunch, LabelsWhatItMounts) {
  const std::string label = "system_u:object_r:container_file_t:s0:c1,c2";
  oci::Spec spec = good_spec();
  spec.mounts.push_back({.destination = "/dev/mqueue", .type = "mqueue"});
  spec.mounts.push_back({.destination = "/dev/pts", .type = "devpts"});
  spec.mounts.push_back({.destination = "/t", .type = "tmpfs", .options = {"context=own"}});
  spec.mounts.push_back({.destination = "/sys", .type = "sysfs"});
  for (const bool asked : {false, true}) {
    spec.linux_.mount_label = asked ? label : "";
    const auto plan = plan_launch(spec);
    ASSERT_TRUE(plan) << plan.error().to_string();
    const std::string want = asked ? label : "";
    const std::string contexts[] = {"", want, "", "", "", want, "own", ""};
    for (std::size_t i = 0; i < plan->mounts.size(); ++i)
      EXPECT_EQ(context_of(plan->mounts[i]), contexts[i]) << plan->mounts[i].destination;
    for (const PlannedMount& mount : plan->mounts)
      EXPECT_EQ(mount.root_label, mount.type == "mqueue" ? want : "") << mount.destination;
  }
}

TEST(PlanLaunch, RefusesByName) {
  for (const BadCase& c : kBad) {
    oci::Spec spec = good_spec();
    c.break_it(spec);
    const auto plan = plan_launch(spec);
    ASSERT_FALSE(plan) << c.want;
    EXPECT_EQ(plan.error().to_string(), c.want);
  }
}

}  // namespace
}  // namespace planet::runtime
