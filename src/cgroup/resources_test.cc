#include "cgroup/resources.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace planet::cgroup {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

std::string text_of(const Result<std::vector<Write>>& writes) {
  if (!writes) return "error: " + writes.error().to_string();
  std::string text;
  for (const Write& write : *writes) text += write.file + "=" + write.value + ";";
  return text;
}

struct PlanCase {
  const char* why = "";
  oci::Resources in;
  const char* v1 = "";
  const char* v2 = "";
};

std::vector<PlanCase> cases() {
  std::vector<PlanCase> all;
  all.push_back({"nothing asked, nothing written", {}, "", ""});
  oci::Resources r;
  r.memory = oci::Memory{.limit = 64 * kMiB};
  all.push_back({"a limit alone leaves swap alone", r, "memory.limit_in_bytes=67108864;",
                 "memory.max=67108864;"});
  r.memory->swap = 96 * kMiB;
  all.push_back({"swap is memory and swap together on v1, alone on v2", r,
                 "memory.limit_in_bytes=67108864;memory.memsw.limit_in_bytes=100663296;",
                 "memory.swap.max=33554432;memory.max=67108864;"});
  r.memory->swap = -1;
  all.push_back({"unlimited swap", r,
                 "memory.limit_in_bytes=67108864;memory.memsw.limit_in_bytes=-1;",
                 "memory.swap.max=max;memory.max=67108864;"});
  r.memory->swap = kMiB;
  all.push_back(
      {"swap below the limit", r,
       "error: memory swap, which counts memory and swap together, is below the memory limit",
       "error: memory swap, which counts memory and swap together, is below the memory limit"});
  r.memory = oci::Memory{.swap = kMiB};
  all.push_back({"swap alone", r, "error: memory swap is set without a memory limit",
                 "error: memory swap is set without a memory limit"});
  r.memory = oci::Memory{.limit = -2};
  all.push_back({"below -1", r, "error: memory limit is -2, below -1",
                 "error: memory limit is -2, below -1"});
  r = {};
  r.cpu = oci::Cpu{.quota = 50000, .period = 100000};
  all.push_back(
      {"quota", r, "cpu.cfs_period_us=100000;cpu.cfs_quota_us=50000;", "cpu.max=50000 100000;"});
  r.cpu = oci::Cpu{.shares = 1024};
  r.cpu->cpus = "0-1";
  all.push_back(
      {"shares and set", r, "cpu.shares=1024;cpuset.cpus=0-1;", "cpu.weight=100;cpuset.cpus=0-1;"});
  r = {};
  r.pids_limit = 17;
  all.push_back({"pids", r, "pids.max=17;", "pids.max=17;"});
  r.pids_limit = -1;
  all.push_back({"no pids limit", r, "pids.max=max;", "pids.max=max;"});
  r = {};
  r.block_io.emplace();
  r.block_io->throttle_read_bps = {{.major = 8, .minor = 0, .rate = 1048576}};
  all.push_back(
      {"throttle", r, "blkio.throttle.read_bps_device=8:0 1048576;", "io.max=8:0 rbps=1048576;"});
  return all;
}

TEST(PlanResources, TranslatesForBothVersions) {
  for (const PlanCase& c : cases()) {
    SCOPED_TRACE(c.why);
    EXPECT_EQ(text_of(plan_v1(c.in)), c.v1);
    EXPECT_EQ(text_of(plan_v2(c.in)), c.v2);
  }
}

TEST(PlanResources, RefusesWhatTheOtherVersionHas) {
  oci::Resources swappiness;
  swappiness.memory = oci::Memory{.swappiness = 10};
  EXPECT_TRUE(plan_v1(swappiness));
  EXPECT_EQ(plan_v2(swappiness).error().code(), Code::kUnsupported);
  oci::Resources unified;
  unified.unified["memory.high"] = "1";
  EXPECT_TRUE(plan_v2(unified));
  EXPECT_EQ(plan_v1(unified).error().code(), Code::kUnsupported);
  unified.unified = {{"../x.y", "1"}};
  EXPECT_EQ(plan_v2(unified).error().code(), Code::kInvalidArgument);
}

TEST(PlanResources, RefusesByNameWhatIsNotSet) {
  oci::Resources resources;
  resources.network.emplace();
  EXPECT_TRUE(plan_v2(resources)) << "nothing is asked";
  resources.network->class_id = 5;
  EXPECT_EQ(plan_v2(resources).error().code(), Code::kUnsupported);
  resources = {};
  resources.block_io.emplace();
  resources.block_io->weight_device = {{.major = 8, .minor = 0, .weight = 50, .leaf_weight = 60}};
  EXPECT_THAT(plan_v1(resources).error().to_string(), testing::HasSubstr("leafWeight"));
}

TEST(PlanResources, NetworkAndRdma) {
  oci::Resources resources;
  resources.network = oci::NetworkClass{.class_id = 1048577, .priorities = {{"lo", 5}}};
  resources.rdma["mlx5_1"] = {.hca_handles = 3, .hca_objects = 10};
  const auto v1 = plan_v1(resources);
  ASSERT_TRUE(v1) << v1.error().to_string();
  ASSERT_EQ(v1->size(), 3U);
  EXPECT_EQ((*v1)[0].value, "1048577");
  EXPECT_EQ((*v1)[1].file, "net_prio.ifpriomap");
  EXPECT_EQ((*v1)[1].value, "lo 5");
  EXPECT_EQ((*v1)[2].value, "mlx5_1 hca_handle=3 hca_object=10");
  resources.network.reset();
  EXPECT_EQ(plan_v2(resources)->front().file, "rdma.max");
}

TEST(WeightOfShares, MeetsTheThreePoints) {
  EXPECT_EQ(weight_of_shares(2), 1U);
  EXPECT_EQ(weight_of_shares(1024), 100U);
  EXPECT_EQ(weight_of_shares(262144), 10000U);
  for (std::uint64_t shares = 2; shares < 262144; shares += 97)
    EXPECT_LE(weight_of_shares(shares), weight_of_shares(shares + 97));
}

// As Docker writes config.json when nothing was asked: cpu.shares and blockIO.weight are 0.
TEST(PlanResources, ZeroLeavesAlone) {
  oci::Resources r;
  r.memory = oci::Memory{.limit = 0, .reservation = 0, .swap = 0, .kernel = 0, .kernel_tcp = 0};
  r.memory->disable_oom_killer = false;
  r.cpu =
      oci::Cpu{.shares = 0, .quota = 0, .period = 0, .realtime_runtime = 0, .realtime_period = 0};
  r.block_io = oci::BlockIo{.weight = 0, .leaf_weight = 0};
  r.block_io->weight_device = {{.major = 8, .minor = 0, .weight = 0}};
  const auto v1 = plan_v1(r);
  ASSERT_TRUE(v1) << v1.error().to_string();
  EXPECT_TRUE(v1->empty());
  const auto v2 = plan_v2(r);
  ASSERT_TRUE(v2) << v2.error().to_string();
  EXPECT_TRUE(v2->empty());
}

TEST(DeviceRules, AreWrittenInTheirOrder) {
  oci::Resources r;
  r.devices = default_device_rules();
  const auto writes = plan_v1(r);
  ASSERT_TRUE(writes);
  EXPECT_EQ(writes->front().file, "devices.deny");
  EXPECT_EQ(writes->front().value, "a");
  EXPECT_EQ((*writes)[1].value, "c *:* m");
  EXPECT_EQ((*writes)[3].value, "c 1:3 rwm");
  EXPECT_EQ(writes->back().value, "c 136:* rwm");
  EXPECT_FALSE(device_rule_text({.type = "x", .access = "r"}));
  EXPECT_FALSE(device_rule_text({.type = "c", .access = "rx"}));
}

// Written as "a", each of these would open every device.
TEST(DeviceRules, ForAllTypesAreNoWiderThanTheySay) {
  const auto values = [](const oci::DeviceRule& rule) {
    oci::Resources r;
    r.devices = {rule};
    std::vector<std::string> out;
    const auto writes = plan_v1(r);
    for (const Write& write : *writes) out.push_back(write.file + " " + write.value);
    return out;
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(values({.allow = true, .type = "a", .access = "mwr"}), Lines{"devices.allow a"});
  EXPECT_EQ(values({.allow = true, .type = "a", .major = -1, .minor = -1, .access = "rwm"}),
            Lines{"devices.allow a"});
  EXPECT_EQ(values({.allow = true, .type = "a", .access = "r"}),
            (Lines{"devices.allow c *:* r", "devices.allow b *:* r"}));
  EXPECT_EQ(values({.allow = true, .type = "a", .major = 1, .minor = 3, .access = "rwm"}),
            (Lines{"devices.allow c 1:3 rwm", "devices.allow b 1:3 rwm"}));
  EXPECT_EQ(values({.allow = false, .type = "a", .access = "m"}),
            (Lines{"devices.deny c *:* m", "devices.deny b *:* m"}));
}

}  // namespace
}  // namespace planet::cgroup
