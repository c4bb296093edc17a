#include "oci/sysctl.h"

#include <gtest/gtest.h>

namespace planet::oci {
namespace {

TEST(Parameter, BothSeparatorsNameOneFile) {
  EXPECT_EQ(parameter_path("net.ipv4.ip_forward"), "net/ipv4/ip_forward");
  EXPECT_EQ(parameter_path("net/ipv4/conf/eth0.1/mtu"), "net/ipv4/conf/eth0.1/mtu");
  EXPECT_EQ(parameter_path("net.ipv4.conf.eth0/1.mtu"), "net/ipv4/conf/eth0.1/mtu");
}

TEST(Parameter, NeverLeadsElsewhere) {
  for (const char* good : {"kernel.shmmax", "net/ipv4/ip_forward", "net.ipv4.conf.eth0/1.mtu"})
    EXPECT_TRUE(is_parameter_name(good)) << good;
  for (const char* bad : {"", ".", "a..b", "a/../b", "a//b", "/a", "a/", ".a", "a.", "a b",
                          "net/./x", "kernel.shm_rmid_forced+net.x"})
    EXPECT_FALSE(is_parameter_name(bad)) << bad;
}

TEST(Parameter, BelongsToANamespaceOrToTheMachine) {
  EXPECT_EQ(namespace_of_parameter("kernel/shmmax"), NamespaceType::kIpc);
  EXPECT_EQ(namespace_of_parameter("fs.mqueue.msg_max"), NamespaceType::kIpc);
  EXPECT_EQ(namespace_of_parameter("kernel.hostname"), NamespaceType::kUts);
  EXPECT_EQ(namespace_of_parameter("net/core/somaxconn"), NamespaceType::kNetwork);
  EXPECT_EQ(namespace_of_parameter("kernel.core_pattern"), std::nullopt);
  EXPECT_EQ(namespace_of_parameter("netx.y"), std::nullopt);
}

}  // namespace
}  // namespace planet::oci
