#include "network/subnets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "network/directory_test.h"
#include "network/host_routes.h"
#include "network/store.h"
#include "sys/file.h"

namespace planet::network {
namespace {

Prefix prefix(std::string_view text) {
  return *Prefix::parse(text);
}

std::string chosen(const std::vector<Pool>& pools, const std::vector<Prefix>& taken) {
  const auto subnet = choose_subnet(pools, taken);
  return subnet ? subnet->to_string() : subnet.error().to_string();
}

TEST(SubnetsTest, TheFirstFreeOfThePools) {
  EXPECT_EQ(chosen(default_pools(), {}), "10.78.0.0/24");
  EXPECT_EQ(chosen(default_pools(), {prefix("10.78.0.0/24")}), "10.78.1.0/24");
  EXPECT_EQ(chosen(default_pools(), {prefix("10.78.1.0/24"), prefix("10.78.0.7/32")}),
            "10.78.2.0/24");
  EXPECT_EQ(chosen(default_pools(), {prefix("10.78.0.0/17")}), "10.78.128.0/24");
  EXPECT_EQ(chosen(default_pools(), {prefix("10.0.0.0/8")}), "172.16.0.0/24");
  EXPECT_EQ(chosen(default_network_pools(), {}), "10.76.0.0/16");
  EXPECT_EQ(chosen(default_network_pools(), {prefix("10.76.3.0/24")}), "10.77.0.0/16");
  EXPECT_NE(chosen(default_pools(), {prefix("10.0.0.0/8"), prefix("172.16.0.0/12")})
                .find("no free subnet is left"),
            std::string::npos);
}

TEST(SubnetsTest, AWayToEverywhereTakesNothing) {
  EXPECT_EQ(chosen(default_pools(), {prefix("0.0.0.0/0"), prefix("0.0.0.0/1"), prefix("::/0")}),
            "10.78.0.0/24");
  const std::vector<Pool> six = {{prefix("fd12:3456:789a::/48"), 64}};
  EXPECT_EQ(chosen(six, {prefix("8000::/1"), prefix("2000::/3")}), "fd12:3456:789a::/64");
  EXPECT_EQ(chosen(six, {prefix("fd12:3456:789a::/64")}), "fd12:3456:789a:1::/64");
}

TEST(SubnetsTest, APoolAtTheEndOfAllAddressesEnds) {
  const std::vector<Pool> last = {{prefix("255.255.255.0/24"), 25}};
  EXPECT_EQ(chosen(last, {prefix("255.255.255.0/25")}), "255.255.255.128/25");
  EXPECT_NE(chosen(last, {prefix("255.255.255.0/24")}).find("no free subnet"), std::string::npos);
}

TEST(SubnetsTest, PoolsKeepClearOfOtherEngines) {
  std::vector<Pool> pools = default_pools();
  std::ranges::copy(default_network_pools(), std::back_inserter(pools));
  for (const char* others :
       {"172.17.0.0/16", "172.18.0.0/15", "172.20.0.0/14", "172.24.0.0/13", "192.168.0.0/16",
        "10.88.0.0/13", "10.96.0.0/11", "10.244.0.0/16", "10.42.0.0/15", "10.32.0.0/12"})
    for (const Pool& pool : pools) EXPECT_FALSE(pool.prefix.overlaps(prefix(others))) << others;
}

TEST(SubnetsTest, AnOverlapNamesTheOther) {
  Network web;
  web.name = "web";
  web.subnets = {{.prefix = prefix("10.1.2.0/24"), .gateway = *Address::parse("10.1.2.1")}};
  const Network networks[] = {web};
  EXPECT_EQ(check_overlap(prefix("10.1.0.0/16"), networks).error().to_string(),
            "subnet 10.1.0.0/16 overlaps 10.1.2.0/24 of network web; choose another");
  EXPECT_TRUE(check_overlap(prefix("10.1.3.0/24"), networks));
  EXPECT_TRUE(check_overlap(prefix("fd00::/64"), networks));
}

// The directory is the root directory.
class StoreTest : public DirectoryTest {
 protected:
  static Network network(const std::string& name, char digit) {
    Network network;
    network.id = std::string(64, digit);
    network.name = name;
    network.subnets = {{.prefix = prefix("10.1.2.0/24"), .gateway = *Address::parse("10.1.2.1")}};
    return network;
  }
};

TEST_F(StoreTest, TheStoresPrefixStays) {
  const UniqueFd networks = *open_networks(dir_.borrow());
  const auto site = site_prefix(networks.borrow());
  ASSERT_TRUE(site) << site.error().to_string();
  EXPECT_EQ(site->length(), 48U);
  EXPECT_TRUE(prefix("fd00::/8").contains(*site));
  EXPECT_EQ(site_prefix(networks.borrow()).value(), *site);
  ASSERT_TRUE(sys::unlink_at(networks.borrow(), kSiteLink));
  EXPECT_NE(site_prefix(networks.borrow()).value(), *site);
  ASSERT_TRUE(sys::unlink_at(networks.borrow(), kSiteLink));
  ASSERT_TRUE(sys::symlink_at("2001:db8::/32", networks.borrow(), kSiteLink));
  EXPECT_EQ(site_prefix(networks.borrow()).error().code(), Code::kCorrupt);
}

TEST_F(StoreTest, ANameIsOneNetworks) {
  const UniqueFd networks = *lock_networks(dir_.borrow());
  const BorrowedFd dir = networks.borrow();
  ASSERT_TRUE(add_network(dir, network("web", 'a')));
  EXPECT_EQ(add_network(dir, network("web", 'b')).error().code(), Code::kAlreadyExists);
  EXPECT_EQ(read_network(dir, "web").value(), network("web", 'a'));
  EXPECT_EQ(read_network(dir, "db").error().to_string(),
            "network \"db\" not found; `planet network ls` lists those that there are");
  EXPECT_EQ(read_network(dir, "../networks/web").error().code(), Code::kNotFound);
  EXPECT_TRUE(drop_network(dir, "web"));
  EXPECT_EQ(drop_network(dir, "web").error().code(), Code::kNotFound);
  EXPECT_EQ(drop_network(dir, "..").error().code(), Code::kNotFound);
  EXPECT_TRUE(sys::list_dir(dir)->empty());
}

TEST_F(StoreTest, WhatADeadWriterLeftIsSwept) {
  const UniqueFd networks = *lock_networks(dir_.borrow());
  const BorrowedFd dir = networks.borrow();
  ASSERT_TRUE(site_prefix(dir));
  ASSERT_TRUE(sys::replace_file_at(dir, ".0123456789abcdef", "{\"id", 0600));
  EXPECT_TRUE(read_networks(dir)->empty());
  ASSERT_TRUE(add_network(dir, network("web", 'a')));
  EXPECT_EQ(sys::list_dir(dir)->size(), 2U);
}

TEST_F(StoreTest, FoundByNameAndById) {
  const std::vector<Network> all = {network("web", 'a'), network("aaa", 'b'),
                                    *plain_network("none")};
  EXPECT_EQ(find_network(all, "web")->name, "web");
  EXPECT_EQ(find_network(all, "aaa")->name, "aaa");  // a name goes before an id
  EXPECT_EQ(find_network(all, "aa")->name, "web");
  EXPECT_EQ(find_network(all, "6e6f")->name, "none");
  EXPECT_EQ(find_network(all, "c").error().code(), Code::kNotFound);
  EXPECT_EQ(find_network(all, "").error().code(), Code::kNotFound);
  const std::vector<Network> same = {network("x", 'a'), network("y", 'a')};
  EXPECT_EQ(find_network(same, "aa").error().code(), Code::kInvalidArgument);
}

TEST_F(StoreTest, ADamagedRecordIsNamedAndCanBeRemoved) {
  const UniqueFd networks = *lock_networks(dir_.borrow());
  const BorrowedFd dir = networks.borrow();
  ASSERT_TRUE(sys::replace_file_at(dir, "web", "", 0600));
  const auto all = read_networks(dir);
  ASSERT_FALSE(all);
  EXPECT_EQ(all.error().code(), Code::kCorrupt);
  EXPECT_NE(all.error().to_string().find("planet network rm web"), std::string::npos);
  ASSERT_TRUE(sys::replace_file_at(dir, "db", network_text(network("web", 'a')), 0600));
  EXPECT_EQ(read_network(dir, "db").error().code(), Code::kCorrupt);
  EXPECT_TRUE(drop_network(dir, "web"));
  EXPECT_TRUE(drop_network(dir, "db"));
}

TEST(HostRoutesTest, AreReadAsTheKernelWritesThem) {
  const auto four = parse_ipv4_routes(
      "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n"
      "     +-- 10.0.2.0/24 2 0 2\n        |-- 10.0.2.0\n           /24 link UNICAST\n"
      "           /33 link UNICAST\n        |-- broken\n           /24 link UNICAST\n"
      "Local:\n     |-- 10.9.9.9\n        /32 host LOCAL\n     /\n");
  ASSERT_EQ(four.size(), 3U);
  EXPECT_EQ(four[0], prefix("0.0.0.0/0"));
  EXPECT_EQ(four[1], prefix("10.0.2.0/24"));
  EXPECT_EQ(four[2], prefix("10.9.9.9/32"));
  const auto six = parse_ipv6_routes(
      "fd000001000000000000000000000000 40 00000000000000000000000000000000 00 "
      "00000000000000000000000000000000 00000100 00000001 00000000 00000001     eth0\n"
      "00000000000000000000000000000001 81 0\n"
      "0001 80\n");
  ASSERT_EQ(six.size(), 1U);
  EXPECT_EQ(six[0], prefix("fd00:1::/64"));
  EXPECT_TRUE(host_routes());
}

}  // namespace
}  // namespace planet::network
