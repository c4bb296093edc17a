#include "cgroup/scope.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace planet::cgroup {
namespace {

constexpr std::uint64_t kInfinity = UINT64_MAX;

const Value* find(const std::vector<Property>& properties, std::string_view name) {
  const auto found = std::ranges::find(properties, name, &Property::name);
  return found == properties.end() ? nullptr : &found->value;
}

template <class T>
std::optional<T> get(const std::vector<Property>& properties, std::string_view name) {
  const Value* value = find(properties, name);
  const T* typed = value == nullptr ? nullptr : std::get_if<T>(value);
  return typed == nullptr ? std::nullopt : std::optional(*typed);
}

TEST(ParseScope, TakesTheFormOfEngines) {
  const auto scope = parse_scope("machine.slice:libpod:0123", "id");
  ASSERT_TRUE(scope);
  EXPECT_EQ(scope->slice, "machine.slice");
  EXPECT_EQ(scope->unit, "libpod-0123.scope");
  EXPECT_EQ(parse_scope(":crio:a", "id")->slice, "system.slice");
  EXPECT_EQ(parse_scope("a.slice::b", "id")->unit, "b.scope");
  EXPECT_EQ(parse_scope("a.slice::b.slice", "id")->unit, "b.slice") << "a slice is not wrapped";
  EXPECT_EQ(parse_scope("", "id")->unit, "planet-id.scope");
}

TEST(ParseScope, RefusesWhatIsNoUnit) {
  for (const char* path : {"/planet/x", "a.slice:b", "a.slice:b:", "a.slice:b:c:d", "a:b:c",
                           "../a.slice:b:c", "a.slice:b:c/d", "a.slice:b:c d", "-a.slice:b:c"})
    EXPECT_FALSE(parse_scope(path, "id")) << path;
  EXPECT_FALSE(parse_scope("a.slice:b:" + std::string(300, 'c'), "id"));
}

TEST(SlicePath, EachDashIsALevel) {
  EXPECT_EQ(*slice_path("machine.slice"), "/machine.slice");
  EXPECT_EQ(*slice_path("a-b-c.slice"), "/a.slice/a-b.slice/a-b-c.slice");
  EXPECT_EQ(*slice_path("-.slice"), "");
  for (const char* slice : {"", "a", ".slice", "a--b.slice", "-a.slice", "a-.slice", "a/b.slice"})
    EXPECT_FALSE(slice_path(slice)) << slice;
}

TEST(LimitsOf, V2) {
  oci::Resources resources;
  resources.memory = oci::Memory{};
  resources.memory->limit = 100 << 20;
  resources.memory->swap = 150 << 20;
  resources.memory->reservation = 50 << 20;
  resources.cpu = oci::Cpu{};
  resources.cpu->shares = 1024;
  resources.cpu->quota = 12345;
  resources.cpu->period = 100000;
  resources.cpu->cpus = "0,2-3,9";
  resources.pids_limit = -1;
  const auto limits = limits_of(Layout::kUnified, resources);
  ASSERT_TRUE(limits);
  EXPECT_EQ(get<std::uint64_t>(*limits, "MemoryMax"), 100U << 20);
  EXPECT_EQ(get<std::uint64_t>(*limits, "MemorySwapMax"), 50U << 20);
  EXPECT_EQ(get<std::uint64_t>(*limits, "MemoryLow"), 50U << 20);
  EXPECT_EQ(get<std::uint64_t>(*limits, "CPUWeight"), 100U);
  EXPECT_EQ(get<std::uint64_t>(*limits, "CPUQuotaPerSecUSec"), 130000U) << "of 123450, rounded up";
  EXPECT_EQ(get<std::uint64_t>(*limits, "TasksMax"), kInfinity);
  EXPECT_EQ(get<std::vector<std::uint8_t>>(*limits, "AllowedCPUs"),
            (std::vector<std::uint8_t>{0x0d, 0x02}));
  resources.cpu->cpus = "0-x";
  EXPECT_FALSE(limits_of(Layout::kUnified, resources));
}

TEST(LimitsOf, ZeroIsNoLimit) {
  oci::Resources resources;
  resources.memory = oci::Memory{.limit = 0, .swap = 0};
  resources.cpu = oci::Cpu{.shares = 0, .quota = 0, .period = 0};
  resources.pids_limit = 0;
  const auto limits = limits_of(Layout::kUnified, resources);
  ASSERT_TRUE(limits);
  ASSERT_EQ(limits->size(), 1U);
  EXPECT_EQ(get<std::uint64_t>(*limits, "TasksMax"), kInfinity);
  resources.cpu = oci::Cpu{.quota = INT64_MAX, .period = 1};
  EXPECT_EQ(get<std::uint64_t>(*limits_of(Layout::kUnified, resources), "CPUQuotaPerSecUSec"),
            kInfinity);
}

TEST(LimitsOf, V1HasOtherNames) {
  oci::Resources resources;
  resources.memory = oci::Memory{};
  resources.memory->limit = -1;
  resources.cpu = oci::Cpu{};
  resources.cpu->shares = 512;
  const auto limits = limits_of(Layout::kLegacy, resources);
  ASSERT_TRUE(limits);
  EXPECT_EQ(get<std::uint64_t>(*limits, "MemoryLimit"), kInfinity);
  EXPECT_EQ(get<std::uint64_t>(*limits, "CPUShares"), 512U);
}

TEST(Annotated, TakesTheTextFormsOfGVariant) {
  const auto properties = annotated({{"org.systemd.property.CollectMode", "'inactive-or-failed'"},
                                     {"org.systemd.property.TimeoutStopUSec", "uint64 123456789"},
                                     {"org.systemd.property.TimeoutStartSec", "12"},
                                     {"org.systemd.property.SendSIGHUP", "true"},
                                     {"io.example", "anything"}});
  ASSERT_TRUE(properties);
  EXPECT_EQ(properties->size(), 4U);
  EXPECT_EQ(get<std::string>(*properties, "CollectMode"), "inactive-or-failed");
  EXPECT_EQ(get<std::uint64_t>(*properties, "TimeoutStopUSec"), 123456789U);
  EXPECT_EQ(get<std::uint64_t>(*properties, "TimeoutStartUSec"), 12000000U);
  EXPECT_EQ(get<bool>(*properties, "SendSIGHUP"), true);
  const auto bad = annotated({{"org.systemd.property.X", "[1,"}});
  ASSERT_FALSE(bad);
  EXPECT_THAT(bad.error().to_string(), testing::HasSubstr("org.systemd.property.X"));
}

}  // namespace
}  // namespace planet::cgroup
