// Moves real devices between network namespaces that the test makes: needs root, ip(8) and nsenter(1).
#include "runtime/net_devices.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/sched.h>
#include <stdio.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <thread>

#include "sys/file.h"
#include "sys/pipe.h"
#include "sys/process.h"

namespace planet::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

// What a command says, or the whole of what it complains about.
std::string output(const std::string& command) {
  std::string text;
  std::FILE* pipe = ::popen((command + " 2>&1").c_str(), "re");
  if (pipe == nullptr) return "popen failed";
  std::array<char, 4096> buffer{};
  for (std::size_t n = 0; (n = std::fread(buffer.data(), 1, buffer.size(), pipe)) > 0;)
    text.append(buffer.data(), n);
  ::pclose(pipe);
  return text;
}

class NetDevicesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "moving network devices needs root";
  }

  // In a thread with a network of its own, the "host", beside a process with another, the "container".
  void between_two_networks(const std::function<void()>& body) {
    std::thread host([&] {
      ASSERT_TRUE(sys::unshare(CLONE_NEWNET));
      auto gate = sys::make_pipe();
      ASSERT_TRUE(gate);
      auto init = sys::clone_process({.flags = CLONE_NEWNET, .cgroup = std::nullopt});
      ASSERT_TRUE(init);
      if (!init->valid()) {
        gate->write.reset();
        char byte = 0;
        const auto end = sys::read_some(gate->read.borrow(), {&byte, 1});  // until the test is over
        ::_exit(end ? 0 : 1);
      }
      init_ = init->pid();
      body();
      gate->write.reset();
      EXPECT_TRUE(init->wait());
    });
    host.join();
  }

  static void make_pair(const std::string& name) {
    EXPECT_EQ(output("ip link add " + name + " type veth peer name peer-" + name), "");
  }
  std::string inside(const std::string& command) const {
    return output("nsenter --net=/proc/" + std::to_string(init_) + "/ns/net " + command);
  }
  std::string error_of(const std::map<std::string, oci::NetDevice>& devices) const {
    auto moved = MovedNetDevices::move(devices, init_);
    if (moved) moved->keep();
    return moved ? "" : moved.error().to_string();
  }

  pid_t init_ = 0;
};

TEST_F(NetDevicesTest, TakeTheirPermanentGlobalAddressesAlong) {
  between_two_networks([&] {
    make_pair("v0");
    EXPECT_EQ(output("ip addr add 192.0.2.5/24 brd 192.0.2.255 dev v0"), "");
    EXPECT_EQ(output("ip addr add 169.254.7.7/16 scope link dev v0"), "");
    EXPECT_EQ(output("ip addr add 198.51.100.7/24 dev v0 valid_lft 1000 preferred_lft 1000"), "");
    EXPECT_EQ(output("ip addr add 2001:db8::5/64 dev v0 nodad"), "");
    EXPECT_EQ(output("ip link set v0 mtu 1400 address 02:00:00:00:00:05"), "");
    EXPECT_EQ(error_of({{"v0", {.name = "eth5"}}}), "");
    EXPECT_THAT(output("ip link show v0"), HasSubstr("does not exist"));
    EXPECT_THAT(inside("ip addr show eth5"),
                AllOf(HasSubstr("inet 192.0.2.5/24 brd 192.0.2.255 scope global eth5"),
                      HasSubstr("inet6 2001:db8::5/64 scope global"), HasSubstr("mtu 1400"),
                      HasSubstr("link/ether 02:00:00:00:00:05"), HasSubstr(",UP"),
                      Not(HasSubstr("169.254")), Not(HasSubstr("198.51"))));
  });
}

TEST_F(NetDevicesTest, KeepTheirNameOrGetTheNextNumber) {
  between_two_networks([&] {
    for (const char* name : {"va", "vb", "vc"}) make_pair(name);
    EXPECT_EQ(inside("ip link add eth0 type bridge"), "");
    EXPECT_EQ(error_of({{"va", {}}, {"vb", {.name = "eth%d"}}, {"vc", {.name = "eth%d"}}}), "");
    for (const char* name : {"va", "eth1", "eth2"})
      EXPECT_THAT(inside(std::string("ip -o link show ") + name), HasSubstr(",UP")) << name;
  });
}

TEST_F(NetDevicesTest, ANameThatIsTakenIsRefused) {
  between_two_networks([&] {
    make_pair("v0");
    EXPECT_EQ(inside("ip link add eth0 type bridge"), "");
    EXPECT_EQ(error_of({{"v0", {.name = "eth0"}}}),
              "linux.netDevices[\"v0\"]: the container's network has a \"eth0\" already");
    EXPECT_THAT(output("ip link show v0"), HasSubstr("v0@peer-v0"));
  });
}

TEST_F(NetDevicesTest, ADeviceThatIsNotThereIsRefused) {
  between_two_networks([&] {
    make_pair("v0");
    EXPECT_EQ(error_of({{"v0", {}}, {"v1", {}}}),
              "linux.netDevices[\"v1\"]: this machine has no such network device");
    EXPECT_THAT(output("ip link show v0"), HasSubstr("v0@peer-v0"));
  });
}

TEST_F(NetDevicesTest, WhatIsNotKeptGoesBack) {
  between_two_networks([&] {
    for (const char* name : {"a0", "b0"}) make_pair(name);
    EXPECT_EQ(output("ip addr add 192.0.2.5/24 dev a0"), "");
    {
      const auto moved =
          MovedNetDevices::move({{"a0", {.name = "b0"}}, {"b0", {.name = "a0"}}}, init_);
      EXPECT_TRUE(moved) << moved.error().to_string();
      EXPECT_THAT(inside("ip addr show b0"), HasSubstr("inet 192.0.2.5/24"));
      EXPECT_THAT(inside("ip link show a0"), HasSubstr(",UP"));
    }
    EXPECT_THAT(output("ip addr show a0"),
                AllOf(HasSubstr("inet 192.0.2.5/24"), Not(HasSubstr(",UP"))));
    EXPECT_THAT(output("ip link show b0"), HasSubstr("b0@peer-b0"));
  });
}

// A bridge belongs to its network: the kernel lets none go.
TEST_F(NetDevicesTest, AllAreGivenBackWhenOneCannotGo) {
  between_two_networks([&] {
    make_pair("a0");
    EXPECT_EQ(output("ip addr add 192.0.2.5/24 dev a0"), "");
    EXPECT_EQ(output("ip link set a0 up"), "");
    EXPECT_EQ(output("ip link add b0 type bridge"), "");
    EXPECT_EQ(error_of({{"a0", {.name = "eth0"}}, {"b0", {}}}),
              "linux.netDevices[\"b0\"]: the kernel does not let this kind of device go to another "
              "network namespace");
    EXPECT_THAT(output("ip addr show a0"),
                AllOf(HasSubstr("inet 192.0.2.5/24 scope global a0"), HasSubstr(",UP")));
    EXPECT_THAT(inside("ip link show"), Not(HasSubstr("eth0")));
  });
}

}  // namespace
}  // namespace planet::runtime
