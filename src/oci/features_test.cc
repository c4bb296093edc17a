#include "oci/features.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "oci/json.h"

namespace planet::oci {
namespace {

std::string runc_features() {
  std::ifstream file(PLANET_SOURCE_DIR "/src/oci/testdata/runc_features.json");
  EXPECT_TRUE(file.is_open());
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(Features, OfRuncLoseNothing) {
  const std::string text = runc_features();
  const auto features = parse_features(text);
  ASSERT_TRUE(features) << features.error().to_string();
  EXPECT_EQ(*parse_json(write_features(*features), 1U << 20), *parse_json(text, 1U << 20));
}

TEST(Features, AreReadBackAsTheyWere) {
  Features features;
  features.hooks = {"poststop"};
  features.mount_options = {"ro", "idmap"};
  features.annotations = {{"org.example.version", "1"}};
  features.unsafe_annotations = {"run.oci."};
  LinuxFeatures& part = features.linux_.emplace();
  part.namespaces = {"time"};
  part.capabilities = {"CAP_BPF"};
  part.cgroup = CgroupFeatures{.v1 = true, .v2 = true, .systemd = false, .rdma = false};
  part.seccomp = SeccompFeatures{.enabled = true,
                                 .actions = {"SCMP_ACT_LOG"},
                                 .operators = {"SCMP_CMP_EQ"},
                                 .archs = {"SCMP_ARCH_X86_64"},
                                 .known_flags = {"A"},
                                 .supported_flags = {"B"}};
  part.apparmor = true;
  part.selinux = false;
  part.intel_rdt = IntelRdtFeatures{.enabled = false, .schemata = true, .monitoring = false};
  part.memory_policy = MemoryPolicyFeatures{.modes = {"MPOL_BIND"}, .flags = {"F"}};
  part.idmap_mounts = true;
  part.net_devices = false;
  const std::string text = write_features(features, Form::kCompact);
  const auto again = parse_features(text);
  ASSERT_TRUE(again) << again.error().to_string();
  EXPECT_EQ(*again, features);
  EXPECT_NE(text.find(R"("selinux":{"enabled":false})"), std::string::npos);
  EXPECT_NE(text.find(R"("mountExtensions":{"idmap":{"enabled":true}})"), std::string::npos);
}

TEST(Features, SayLittleWhenLittleIsKnown) {
  EXPECT_EQ(write_features({}, Form::kCompact),
            R"({"ociVersionMin":"1.0.0","ociVersionMax":"1.3.0"})");
  EXPECT_EQ(parse_features(R"({"ociVersionMin": "1.0.0"})").error().to_string(),
            "ociVersionMax is missing");
  EXPECT_EQ(parse_features(R"({"ociVersionMin": "1.0.0", "ociVersionMax": "1.3.0",
                               "linux": {"cgroup": {"v1": 1}}})")
                .error()
                .to_string(),
            "linux.cgroup.v1 is 1, expected true or false");
}

}  // namespace
}  // namespace planet::oci
