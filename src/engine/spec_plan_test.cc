#include "engine/spec_plan.h"

#include <gtest/gtest.h>

#include "oci/validate.h"

namespace planet::engine {
namespace {

RunRequest full_request() {
  RunRequest request;
  request.command = {"sh", "-c", "exit"};
  request.env = {"A=b", "EMPTY="};
  request.terminal = true;
  request.cap_add = {"NET_ADMIN"};
  request.ulimits = {{.type = "RLIMIT_NOFILE", .soft = 1024, .hard = 2048}};
  request.oom_score_adj = 500;
  request.devices = {{.node = {.type = "c", .path = "/dev/x", .major = 1, .minor = 5, .uid = 70000},
                      .access = "rw"}};
  request.cgroup_parent = "/a/b";
  request.resources.memory = oci::Memory{.limit = 64 << 20};
  request.resources.cpu = oci::Cpu{.shares = 2, .quota = 50000, .period = 100000, .cpus = "0-1"};
  return request;
}

// What a launch is given is what the specification allows, whatever was asked.
TEST(PlanSpec, IsAValidSpecification) {
  const oci::ImageConfig image{.working_dir = "srv", .env = {"PATH=/bin"}, .cmd = {"ls"}};
  for (const Network network : {Network::kNone, Network::kHost})
    for (const std::optional<std::uint32_t> base : {std::optional<std::uint32_t>(), {100000U}})
      for (const bool privileged : {false, true})
        for (const bool full : {false, true}) {
          RunRequest request = full ? full_request() : RunRequest();
          request.network = network;
          request.privileged = privileged;
          const auto spec =
              plan_spec(request, image, {.id = std::string(64, 'a'), .id_base = base});
          ASSERT_TRUE(spec) << spec.error().to_string();
          const Result<> valid = oci::validate(*spec);
          EXPECT_TRUE(valid) << valid.error().to_string();
        }
}

TEST(PlanSpec, GivesWhatThereIsToGive) {
  const Identity host = {.id = std::string(64, 'a'),
                         .id_base = {},
                         .capabilities = {"CAP_CHOWN", "CAP_KILL", "CAP_SYS_ADMIN"}};
  RunRequest request{.command = {"true"}};
  request.privileged = true;
  const auto all = plan_spec(request, {}, host);
  ASSERT_TRUE(all) << all.error().to_string();
  EXPECT_EQ(all->process->capabilities->bounding, host.capabilities);
  request.cap_add = {"SYS_TIME"};
  const auto named = plan_spec(request, {}, host);
  ASSERT_FALSE(named);
  EXPECT_TRUE(named.error().to_string().starts_with("CAP_SYS_TIME cannot be given"));
  request.cap_add = {"ALL"};
  request.privileged = false;
  const auto added = plan_spec(request, {}, host);
  ASSERT_TRUE(added) << added.error().to_string();
  EXPECT_EQ(added->process->capabilities->bounding, host.capabilities);
}

}  // namespace
}  // namespace planet::engine
