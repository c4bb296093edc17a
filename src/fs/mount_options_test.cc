#include "fs/mount_options.h"

#include <gtest/gtest.h>
#include <linux/mount.h>

namespace planet::fs {
namespace {

struct OptionsCase {
  const char* why = "";
  std::vector<std::string> in;
  MountOptions want;
};

const OptionsCase kCases[] = {
    {"none", {}, {}},
    {"the later word wins", {"ro", "rw"}, {.clear = MOUNT_ATTR_RDONLY}},
    {"and the other way round", {"rw", "ro"}, {.set = MOUNT_ATTR_RDONLY}},
    {"access time is one field",
     {"noatime", "strictatime"},
     {.set = MOUNT_ATTR_STRICTATIME,
      .clear = MOUNT_ATTR__ATIME & ~std::uint64_t{MOUNT_ATTR_STRICTATIME}}},
    {"recursive attributes are apart",
     {"rro", "nosuid"},
     {.set = MOUNT_ATTR_NOSUID, .recursive_set = MOUNT_ATTR_RDONLY}},
    {"relatime is not a recursive elatime",
     {"relatime"},
     {.set = MOUNT_ATTR_RELATIME, .clear = MOUNT_ATTR__ATIME}},
    {"bind",
     {"rbind", "rslave"},
     {.propagation = 1U << 19,
      .propagation_recursive = true,
      .bind = true,
      .bind_recursive = true}},
    {"data",
     {"mode=755", "size=64k", "newinstance"},
     {.data = {{"mode", "755"}, {"size", "64k"}, {"newinstance", std::nullopt}}}},
    {"empty value", {"context="}, {.data = {{"context", ""}}}},
};

TEST(ParseMountOptions, SortsWords) {
  for (const OptionsCase& c : kCases) {
    SCOPED_TRACE(c.why);
    const auto got = parse_mount_options(c.in);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->set, c.want.set);
    EXPECT_EQ(got->recursive_set, c.want.recursive_set);
    EXPECT_EQ(got->propagation, c.want.propagation);
    EXPECT_EQ(got->propagation_recursive, c.want.propagation_recursive);
    EXPECT_EQ(got->bind, c.want.bind);
    EXPECT_EQ(got->bind_recursive, c.want.bind_recursive);
    EXPECT_EQ(got->data, c.want.data);
    EXPECT_EQ(got->clear & ~std::uint64_t{MOUNT_ATTR__ATIME},
              c.want.clear & ~std::uint64_t{MOUNT_ATTR__ATIME});
  }
}

TEST(ParseMountOptions, RefusesWhatIsNoMount) {
  EXPECT_EQ(parse_mount_options({"move"}).error().to_string(),
            "mount option \"move\" does not describe a mount");
}

}  // namespace
}  // namespace planet::fs
