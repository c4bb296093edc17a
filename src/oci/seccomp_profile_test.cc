#include "oci/seccomp_profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr Machine kMachine = {
    .arch = "amd64", .seccomp_arch = "SCMP_ARCH_X86_64", .kernel = {.major = 6, .minor = 1}};

// Of the shape of docker's own profile, with each of its kinds of rule.
constexpr const char* kLikeDockers = R"({
  "defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1,
  "archMap": [
    {"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86", "SCMP_ARCH_X32"]},
    {"architecture": "SCMP_ARCH_AARCH64", "subArchitectures": ["SCMP_ARCH_ARM"]},
    {"architecture": "SCMP_ARCH_RISCV64", "subArchitectures": null}],
  "syscalls": [
    {"names": ["read", "write", "riscv_hwprobe"], "action": "SCMP_ACT_ALLOW"},
    {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
    {"names": ["future"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "6.2"}},
    {"names": ["socket"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 40, "op": "SCMP_CMP_NE"}]},
    {"names": ["arch_prctl"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["amd64", "x32"]}},
    {"names": ["s390_sthyi"], "action": "SCMP_ACT_ALLOW", "includes": {"arches": ["s390", "s390x"]}},
    {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"names": ["both"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN", "CAP_BPF"]}},
    {"names": ["clone"], "action": "SCMP_ACT_ALLOW",
     "args": [{"index": 0, "value": 2114060288, "valueTwo": 0, "op": "SCMP_CMP_MASKED_EQ"}],
     "excludes": {"caps": ["CAP_SYS_ADMIN"], "arches": ["s390", "s390x"]}},
    {"names": ["clone3"], "action": "SCMP_ACT_ERRNO", "errnoRet": 38, "comment": "no filter sees its arguments",
     "includes": {}, "excludes": {"caps": ["CAP_SYS_ADMIN"]}},
    {"name": "old", "action": "SCMP_ACT_ERRNO", "args": null, "errno": "EINVAL", "errnoRet": 1},
    {"names": ["gone"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "5.0"}},
    {"names": ["elsewhere"], "action": "SCMP_ACT_ALLOW", "excludes": {"arches": ["amd64"]}}]})";

std::vector<std::string> chosen_names(const std::vector<std::string>& capabilities) {
  const auto profile = parse_seccomp_profile(kLikeDockers);
  if (!profile) return {profile.error().to_string()};
  std::vector<std::string> names;
  for (const SeccompRule& rule : choose_rules(*profile, capabilities, kMachine).syscalls)
    names.push_back(rule.names.front());
  return names;
}

TEST(SeccompProfile, RulesHoldByCapabilityProcessorAndKernel) {
  EXPECT_THAT(chosen_names({"CAP_CHOWN"}),
              ElementsAre("read", "ptrace", "socket", "arch_prctl", "clone", "clone3", "old"));
  EXPECT_THAT(chosen_names({"CAP_CHOWN", "CAP_SYS_ADMIN"}),
              ElementsAre("read", "ptrace", "socket", "arch_prctl", "mount", "old"));
  EXPECT_THAT(chosen_names({"CAP_SYS_ADMIN", "CAP_BPF"}),
              ElementsAre("read", "ptrace", "socket", "arch_prctl", "mount", "both", "old"));
}

TEST(SeccompProfile, IsWhatItSays) {
  const auto profile = parse_seccomp_profile(kLikeDockers);
  ASSERT_TRUE(profile) << profile.error().to_string();
  const Seccomp chosen = choose_rules(*profile, {}, kMachine);
  EXPECT_EQ(chosen.default_action, "SCMP_ACT_ERRNO");
  EXPECT_EQ(chosen.default_errno_ret, 1U);
  EXPECT_THAT(chosen.architectures,
              ElementsAre("SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"));
  EXPECT_THAT(chosen.syscalls[0].names, ElementsAre("read", "write", "riscv_hwprobe"));
  EXPECT_EQ(chosen.syscalls[2].args,
            (std::vector<SeccompArg>{{.index = 0, .value = 40, .op = "SCMP_CMP_NE"}}));
  EXPECT_EQ(chosen.syscalls[4].args[0].value, 2114060288U);
  EXPECT_EQ(chosen.syscalls[5].errno_ret, 38U);
  EXPECT_EQ(chosen.syscalls[6].names, std::vector<std::string>{"old"});
  EXPECT_EQ(chosen.syscalls[6].errno_ret, 22U) << "the name counts";
  const auto again = parse_seccomp(write_seccomp(chosen));
  ASSERT_TRUE(again);
  EXPECT_EQ(*again, chosen);
}

TEST(SeccompProfile, ArchitecturesAreThoseOfTheFileOrOfTheProcessor) {
  const auto plain = parse_seccomp_profile(
      R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"]})");
  ASSERT_TRUE(plain);
  EXPECT_THAT(choose_rules(*plain, {}, kMachine).architectures, ElementsAre("SCMP_ARCH_X86"));
  const auto other = parse_seccomp_profile(
      R"({"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "SCMP_ARCH_S390X"}]})");
  ASSERT_TRUE(other);
  EXPECT_THAT(choose_rules(*other, {}, kMachine).architectures, IsEmpty());
}

TEST(SeccompProfile, WhatIsWrongIsNamed) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "JSON"},
      {"[]", "profile is a list"},
      {"{}", "profile.defaultAction is missing"},
      {R"({"defaultAction": "SCMP_ACT_DENY"})", "profile.defaultAction is \"SCMP_ACT_DENY\""},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "x": 1})",
       "profile.x is unknown, expected one of def"},
      {R"({"defaultAction": "SCMP_ACT_ERRNO", "defaultErrno": "EWHAT"})", "profile.defaultErrno"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_PDP11"]})",
       "profile.architectures[0]"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "x86"}]})",
       "profile.archMap[0].architecture"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "archMap": [{"architecture": "SCMP_ARCH_X86_64", "y": 1}]})",
       "profile.archMap[0].y is unknown"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86"],
           "archMap": [{"architecture": "SCMP_ARCH_X86_64"}]})",
       "both architectures and archMap"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "flags": ["X"]})", "profile.flags[0]"},
      {R"({"defaultAction": "SCMP_ACT_ALLOW", "listenerPath": "/run/x"})", "listener"},
  };
  for (const auto& [text, expected] : wrong) {
    const auto profile = parse_seccomp_profile(text);
    ASSERT_FALSE(profile) << text;
    EXPECT_THAT(profile.error().to_string(), HasSubstr(expected)) << text;
  }
}

TEST(SeccompProfile, WhatIsWrongInARuleIsNamed) {
  const std::pair<const char*, const char*> wrong[] = {
      {R"({"action": "SCMP_ACT_ALLOW"})", ".names is empty"},
      {R"({"names": ["x"]})", ".action is missing"},
      {R"({"names": ["x"], "action": "ALLOW"})", ".action is \"ALLOW\""},
      {R"({"names": ["x"], "action": "SCMP_ACT_NOTIFY"})", "listener"},
      {R"({"name": "x", "names": ["y"], "action": "SCMP_ACT_ALLOW"})", "both name and names"},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "nmaes": []})", ".nmaes is unknown"},
      {R"({"names": "x", "action": "SCMP_ACT_ALLOW"})", ".names is \"x\", expected"},
      {R"({"names": ["x"], "action": "SCMP_ACT_ERRNO", "errno": "1"})", ".errno is \"1\""},
      {R"({"names": ["x"], "action": "SCMP_ACT_ERRNO", "errnoRet": 4096})", ".errnoRet is 4096"},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]})",
       ".args[0].index is 6"},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 0, "op": "=="}]})",
       ".args[0].op is \"==\""},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "args": [{"index": 0, "value": 0, "op": "SCMP_CMP_EQ", "z": 0}]})",
       ".args[0].z is unknown"},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "includes": {"capabilities": []}})",
       ".includes.capabilities is unknown"},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_WHAT"]}})",
       ".includes.caps[0] is \"CAP_WHAT\""},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4"}})",
       ".excludes.minKernel is \"4\""},
      {R"({"names": ["x"], "action": "SCMP_ACT_ALLOW", "excludes": {"minKernel": "4.x"}})",
       ".excludes.minKernel is \"4.x\""},
  };
  for (const auto& [rule, expected] : wrong) {
    const auto profile = parse_seccomp_profile(
        std::string(R"({"defaultAction": "SCMP_ACT_LOG", "syscalls": [)") + rule + "]}");
    ASSERT_FALSE(profile) << rule;
    EXPECT_THAT(profile.error().to_string(), HasSubstr("profile.syscalls[0]")) << rule;
    EXPECT_THAT(profile.error().to_string(), HasSubstr(expected)) << rule;
  }
}

}  // namespace
}  // namespace planet::oci
