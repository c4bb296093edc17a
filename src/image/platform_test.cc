#include "image/platform.h"

#include <gtest/gtest.h>

namespace planet::image {
namespace {

oci::Platform of(const char* text) {
  return *parse_platform(text);
}

TEST(ParsePlatform, TakesTheFormsThatPeopleType) {
  EXPECT_EQ(platform_text(of("linux/arm/v7")), "linux/arm/v7");
  EXPECT_EQ(platform_text(of("arm64")), "linux/arm64");
  EXPECT_EQ(platform_text(of("linux/s390x")), "linux/s390x");
  EXPECT_EQ(platform_text(of("windows/amd64")), "windows/amd64");
  EXPECT_EQ(platform_text(of("linux")), platform_text(host_platform()));
  EXPECT_EQ(host_platform().os, "linux");
  for (const char* text :
       {"", "/", "linux/", "/amd64", "linux/arm/v7/x", "Linux/amd64", "linux amd64", "linux/a\nb"})
    EXPECT_FALSE(parse_platform(text)) << text;
}

struct SuitsCase {
  oci::Platform wanted, offered;
  std::optional<int> want;
};

TEST(Suits, AProcessorRunsWhatIsMadeForOlderOnes) {
  const auto linux_ = [](const char* architecture, const char* variant) {
    return oci::Platform{.architecture = architecture, .os = "linux", .variant = variant};
  };
  const SuitsCase cases[] = {
      {linux_("amd64", ""), linux_("amd64", ""), 100},
      {linux_("amd64", ""), linux_("amd64", "v1"), 100},
      {linux_("amd64", ""), linux_("amd64", "v2"), std::nullopt},
      {linux_("amd64", "v3"), linux_("amd64", "v2"), 99},
      {linux_("amd64", "v3"), linux_("amd64", ""), 98},
      {linux_("amd64", "v3"), linux_("amd64", "v4"), std::nullopt},
      {linux_("amd64", ""), linux_("x86_64", ""), 100},
      {linux_("arm", "v7"), linux_("arm", "v7"), 100},
      {linux_("arm", "v7"), linux_("arm", "v6"), 99},
      {linux_("arm", "v6"), linux_("arm", "v7"), std::nullopt},
      {linux_("arm", ""), linux_("arm", "v7"), 100},
      {linux_("arm64", "v8"), linux_("arm64", ""), 100},
      {linux_("arm64", ""), linux_("arm64", "v8"), 100},
      {linux_("arm64", ""), linux_("arm", "v7"), std::nullopt},
      {linux_("s390x", ""), linux_("s390x", "z13"), 100},
      {linux_("riscv64", "rva22"), linux_("riscv64", ""), std::nullopt},
      {linux_("amd64", ""),
       {.architecture = "amd64", .os = "windows", .variant = ""},
       std::nullopt},
      {linux_("amd64", ""),
       {.architecture = "unknown", .os = "unknown", .variant = ""},
       std::nullopt},
      {linux_("amd64", ""), linux_("amd64", "baseline"), std::nullopt},
  };
  for (const SuitsCase& c : cases)
    EXPECT_EQ(suits(c.wanted, c.offered), c.want)
        << platform_text(c.wanted) << " " << platform_text(c.offered);
}

}  // namespace
}  // namespace planet::image
