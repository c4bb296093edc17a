#include "oci/image.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace planet::oci {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(ImageConfig, SaysWhatIsExposed) {
  const auto config = parse_image_config(
      R"({"config":{"ExposedPorts":{"80/tcp":{},"53/udp":{}}},"rootfs":{"diff_ids":[]}})");
  ASSERT_TRUE(config) << config.error().to_string();
  EXPECT_THAT(config->exposed, ElementsAre("80/tcp", "53/udp"));
  EXPECT_TRUE(parse_image_config(R"({"config":{"ExposedPorts":null},"rootfs":{}})"));
  const auto list = parse_image_config(R"({"config":{"ExposedPorts":["80"]},"rootfs":{}})");
  ASSERT_FALSE(list);
  EXPECT_THAT(list.error().to_string(), HasSubstr("config.ExposedPorts"));
}

}  // namespace
}  // namespace planet::oci
