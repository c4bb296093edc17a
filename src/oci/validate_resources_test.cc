#include "base/strings.h"
#include "oci/validate.h"
#include "oci/validate_test.h"

namespace planet::oci {
namespace {

TEST(Validate, Memory) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.resources->memory); };
  };
  check({
      {"linux.resources.memory.limit is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.limit = -2; })},
      {"linux.resources.memory.reservation is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.reservation = -2; })},
      {"linux.resources.memory.swap is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.swap = -2; })},
      {"linux.resources.memory.kernel is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.kernel = -2; })},
      {"linux.resources.memory.kernelTCP is -2, expected -1 for unlimited, or bytes",
       change([](Memory& m) { m.kernel_tcp = -2; })},
      {"linux.resources.memory.swappiness is 101, expected 0..100",
       change([](Memory& m) { m.swappiness = 101; })},
      {"linux.resources.memory.swap is 536870911, expected at least the limit, as it counts memory "
       "and swap together",
       change([](Memory& m) { m.swap = 536870911; })},
      {"linux.resources.memory.swap is set, but limit is not: it counts memory and swap",
       change([](Memory& m) { m.limit.reset(); })},
      {"linux.resources.memory.swap is set, but limit is not: it counts memory and swap",
       change([](Memory& m) { m.limit = -1; })},
      {"", change([](Memory& m) { m.limit.reset(), m.swap = -1; })},
      {"", change([](Memory& m) { m.limit = 0, m.swap = 0; })},
  });
}

TEST(Validate, Cpu) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.resources->cpu); };
  };
  check({
      {"linux.resources.cpu.quota is 999, expected -1 for unlimited, or at least 1000 microseconds",
       change([](Cpu& c) { c.quota = 999; })},
      {"linux.resources.cpu.quota is -2, expected -1 for unlimited, or at least 1000 microseconds",
       change([](Cpu& c) { c.quota = -2; })},
      {"", change([](Cpu& c) { c.quota = -1; })},
      {"", change([](Cpu& c) { c.quota = 0, c.period = 0; })},
      {"linux.resources.cpu.period is 999, expected 1000..1000000",
       change([](Cpu& c) { c.period = 999; })},
      {"linux.resources.cpu.period is 18446744073709551615, expected 1000..1000000",
       change([](Cpu& c) { c.period = ~0ULL; })},
      {"linux.resources.cpu.burst is 1000001, expected at most the quota, 1000000",
       change([](Cpu& c) { c.burst = 1'000'001; })},
      {"linux.resources.cpu.realtimeRuntime is -2, expected -1..9223372036854775807",
       change([](Cpu& c) { c.realtime_runtime = -2; })},
      {"linux.resources.cpu.realtimeRuntime is 1000001, expected at most realtimePeriod, 1000000",
       change([](Cpu& c) { c.realtime_runtime = 1'000'001; })},
      {"linux.resources.cpu.idle is 2, expected 0..1", change([](Cpu& c) { c.idle = 2; })},
      {"linux.resources.cpu.cpus is \"a\", expected numbers and ranges such as 0-3,7",
       change([](Cpu& c) { c.cpus = "a"; })},
      {"linux.resources.cpu.mems is \"0-\", expected numbers and ranges such as 0-3,7",
       change([](Cpu& c) { c.mems = "0-"; })},
  });
}

TEST(Validate, DeviceRules) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(spec.linux_.resources->devices[0]); };
  };
  check({
      {"linux.resources.devices[0].type is \"u\", expected one of a, b, c",
       change([](DeviceRule& r) { r.type = "u"; })},
      {"linux.resources.devices[0].access is \"rx\", expected some of r, w and m",
       change([](DeviceRule& r) { r.access = "rx"; })},
      {"linux.resources.devices[0].access is \"\", expected some of r, w and m",
       change([](DeviceRule& r) { r.access = ""; })},
      {"linux.resources.devices[0].major is -2, expected -1..4095",
       change([](DeviceRule& r) { r.major = -2; })},
      {"linux.resources.devices[0].minor is 1048576, expected -1..1048575",
       change([](DeviceRule& r) { r.minor = 1'048'576; })},
  });
}

TEST(Validate, OtherResources) {
  const auto change = [](auto&& body) {
    return [body](Spec& spec) { body(*spec.linux_.resources); };
  };
  check({
      {"linux.resources.pids.limit is -2, expected -1 for unlimited, or a number",
       change([](Resources& r) { r.pids_limit = -2; })},
      {"", change([](Resources& r) { r.pids_limit = 0; })},
      {"linux.resources.blockIO.weight is 9, expected 10..1000",
       change([](Resources& r) { r.block_io->weight = 9; })},
      {"", change([](Resources& r) { r.block_io->weight = 0; })},
      {"linux.resources.blockIO.leafWeight is 1001, expected 10..1000",
       change([](Resources& r) { r.block_io->leaf_weight = 1001; })},
      {"linux.resources.blockIO.weightDevice[0] has neither weight nor leafWeight",
       change([](Resources& r) { r.block_io->weight_device[0] = {.major = 8, .minor = 0}; })},
      {"linux.resources.blockIO.weightDevice[0].weight is 5, expected 10..1000",
       change([](Resources& r) { r.block_io->weight_device[0].weight = 5; })},
      {"linux.resources.blockIO.weightDevice[0].leafWeight is 5, expected 10..1000",
       change([](Resources& r) { r.block_io->weight_device[0].leaf_weight = 5; })},
      {"linux.resources.blockIO.weightDevice[0].major is -1, expected 0..4095",
       change([](Resources& r) { r.block_io->weight_device[0].major = -1; })},
      {"linux.resources.blockIO.throttleReadBpsDevice[0].major is 5000, expected 0..4095",
       change([](Resources& r) { r.block_io->throttle_read_bps[0].major = 5000; })},
      {"linux.resources.blockIO.throttleWriteBpsDevice[0].minor is -1, expected 0..1048575",
       change([](Resources& r) { r.block_io->throttle_write_bps[0].minor = -1; })},
      {"linux.resources.blockIO.throttleReadIOPSDevice[0].minor is -1, expected 0..1048575",
       change([](Resources& r) { r.block_io->throttle_read_iops[0].minor = -1; })},
      {"linux.resources.blockIO.throttleWriteIOPSDevice[0].minor is -1, expected 0..1048575",
       change([](Resources& r) { r.block_io->throttle_write_iops[0].minor = -1; })},
      {"linux.resources.hugepageLimits[0].pageSize is \"2M\", expected a size such as 64KB, 2MB, "
       "1GB",
       change([](Resources& r) { r.hugepage_limits[0].page_size = "2M"; })},
      {"linux.resources.hugepageLimits[0].pageSize is \"../2MB\", expected a size such as 64KB, "
       "2MB, 1GB",
       change([](Resources& r) { r.hugepage_limits[0].page_size = "../2MB"; })},
      {"linux.resources.hugepageLimits[1].pageSize is 2MB a second time",
       change([](Resources& r) { r.hugepage_limits.push_back(r.hugepage_limits[0]); })},
      {"linux.resources.network.priorities[1].name is \"a b\", expected the name of a network "
       "interface: 1 to 15 characters without '/', ':' and blanks",
       change([](Resources& r) { r.network->priorities[1].name = "a b"; })},
      {"linux.resources.network.priorities[1].name is \"eth0\" a second time",
       change([](Resources& r) { r.network->priorities[1].name = "eth0"; })},
      {"linux.resources.rdma[\"mlx5_1\"] has neither hcaHandles nor hcaObjects",
       change([](Resources& r) { r.rdma["mlx5_1"] = {}; })},
      {"linux.resources.rdma has the key \"a b\", expected the name of a device",
       change([](Resources& r) { r.rdma["a b"].hca_handles = 1; })},
  });
}

TEST(Validate, UnifiedNamesAControlFileOfTheContainer) {
  const Spec whole = complete();
  for (const std::string bad : {"", "memory", ".", "..", "../memory.high", "a/memory.high",
                                "memory..high", ".memory", "memory.high\n", "memory high"}) {
    Spec spec = whole;
    spec.linux_.resources->unified[bad] = "1";
    EXPECT_EQ(verdict(spec), "linux.resources.unified has the key " + quote(bad) +
                                 ", expected a control file such as memory.high");
  }
}

TEST(ValidateResources, NamesFieldsAsItIsTold) {
  Resources resources;
  resources.memory = Memory{.limit = -7};
  EXPECT_EQ(validate_resources(resources, "resources").error().to_string(),
            "resources.memory.limit is -7, expected -1 for unlimited, or bytes");
}

}  // namespace
}  // namespace planet::oci
