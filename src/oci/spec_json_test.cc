#include "oci/spec_json.h"

#include <gtest/gtest.h>

#include "oci/spec_default.h"

namespace planet::oci {
namespace {

TEST(ParseSpec, ReadsTheDefault) {
  const auto spec = parse_spec(default_spec_text());
  ASSERT_TRUE(spec) << spec.error().to_string();
  EXPECT_EQ(spec->oci_version, "1.2.0");
  EXPECT_EQ(spec->process->args.at(0), "sh");
  EXPECT_TRUE(spec->root->readonly);
  EXPECT_EQ(spec->mounts.size(), 7U);
  EXPECT_EQ(spec->linux_.namespaces.size(), 6U);
  EXPECT_EQ(spec->linux_.resources->devices.at(0).access, "rwm");
  EXPECT_EQ(spec->process->capabilities->bounding.size(), 3U);
}

TEST(ParseSpec, ReadsWhatTheDefaultLacks) {
  const auto spec =
      parse_spec(R"({"unknown": 1, "process": {"user": {"uid": 5, "additionalGids": [7]}},
    "annotations": {"a": "b"}, "hooks": {"poststop": [{"path": "/x", "timeout": 3}]},
    "linux": {"uidMappings": [{"containerID": 0, "hostID": 1000, "size": 2}],
      "timeOffsets": {"monotonic": {"secs": -5, "nanosecs": 3}},
      "seccomp": {"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["x"], "action": "SCMP_ACT_ERRNO",
        "args": [{"index": 1, "value": 18446744073709551615, "op": "SCMP_CMP_EQ"}]}]},
      "resources": {"memory": {"limit": -1}, "pids": {"limit": 5}, "unified": {"memory.high": "1"},
        "blockIO": {"weight": 500, "throttleReadBpsDevice": [{"major": 8, "minor": 0, "rate": 9}]},
        "rdma": {"mlx5": {"hcaHandles": 3}}}}})");
  ASSERT_TRUE(spec) << spec.error().to_string();
  EXPECT_EQ(spec->process->user.additional_gids.at(0), 7U);
  EXPECT_EQ(spec->hooks.poststop.at(0).timeout, 3);
  EXPECT_EQ(spec->linux_.time_offsets.at("monotonic").secs, -5);
  EXPECT_EQ(spec->linux_.seccomp->syscalls.at(0).args.at(0).value, ~0ULL);
  EXPECT_EQ(spec->linux_.resources->memory->limit, -1);
  EXPECT_EQ(spec->linux_.resources->block_io->throttle_read_bps.at(0).rate, 9U);
  EXPECT_EQ(spec->linux_.resources->rdma.at("mlx5").hca_handles, 3U);
}

TEST(ParseSpec, NamesTheFieldThatIsWrong) {
  const std::pair<const char*, const char*> bad[] = {
      {R"({"process": 5})", "process is not a JSON object"},
      {R"({"process": {"args": "sh"}})", "process.args is not a list"},
      {R"({"process": {"user": {"uid": -1}}})", "process.user.uid is out of range 0..4294967295"},
      {R"({"linux": {"namespaces": [{"type": "what"}]}})",
       "linux.namespaces[0].type is not one of pid, network, mount, ipc, uts, user, cgroup, time"},
      {R"({"linux": {"resources": {"memory": {"limit": "1g"}}}})",
       "linux.resources.memory.limit is not a whole number"},
      {R"({"mounts": [{"options": [1]}]})", "mounts[0].options[0] is not a string"},
  };
  for (const auto& [text, want] : bad) {
    const auto spec = parse_spec(text);
    ASSERT_FALSE(spec) << text;
    EXPECT_EQ(spec.error().to_string(), want);
  }
}

}  // namespace
}  // namespace planet::oci
