#include "network/lease.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <map>
#include <set>

#include "network/directory_test.h"
#include "sys/file.h"

namespace planet::network {
namespace {

Address address(std::string_view text) {
  return *Address::parse(text);
}

Network network(const char* prefix, const char* gateway) {
  Network network;
  network.id = std::string(64, 'a');
  network.name = "web";
  network.subnets = {{.prefix = *Prefix::parse(prefix), .gateway = address(gateway)}};
  return network;
}

bool all_live(const std::string& /*owner*/) {
  return true;
}
bool none_lives(const std::string& /*owner*/) {
  return false;
}

std::string owner(int number) {
  const std::string digits = std::to_string(number);
  return std::string(64 - digits.size(), '0') + digits;
}

// The directory is the run directory.
class LeaseTest : public DirectoryTest {
 protected:
  Leases open(const Network& network) const { return *Leases::open(dir_.borrow(), network); }
};

std::string taken(const Leases& leases, int number = 1, const Lives& lives = all_live) {
  const auto address = leases.take_any(Family::kIpv4, owner(number), lives);
  return address ? address->to_string() : address.error().to_string();
}

TEST_F(LeaseTest, AddressesAreGivenInTurn) {
  const Network web = network("10.1.2.0/29", "10.1.2.1");
  const Leases leases = open(web);
  EXPECT_EQ(taken(leases), "10.1.2.2");
  EXPECT_EQ(taken(leases), "10.1.2.3");
  leases.release(address("10.1.2.2"), owner(1));
  EXPECT_EQ(taken(leases), "10.1.2.4");  // .2 rests
  EXPECT_EQ(taken(leases), "10.1.2.5");
  EXPECT_EQ(taken(leases), "10.1.2.6");
  EXPECT_EQ(taken(leases), "10.1.2.2");  // round; .7 is for broadcasts, .0 and .1 are not given
  EXPECT_EQ(taken(leases),
            "network web has no free address left in 10.1.2.0/29; remove containers, or use a "
            "network with a larger subnet");
}

TEST_F(LeaseTest, TheRangeAndWhatIsKeptForOthers) {
  Network web = network("10.1.2.0/24", "10.1.2.1");
  web.subnets[0].range = *Prefix::parse("10.1.2.128/30");
  web.subnets[0].others["router"] = address("10.1.2.129");
  const Leases leases = open(web);
  EXPECT_EQ(taken(leases), "10.1.2.128");
  EXPECT_EQ(taken(leases), "10.1.2.130");
  EXPECT_EQ(taken(leases), "10.1.2.131");
  EXPECT_NE(taken(leases).find("no free address left in 10.1.2.128/30"), std::string::npos);
  EXPECT_TRUE(leases.take(address("10.1.2.5"), owner(1), all_live));  // outside of the range
}

TEST_F(LeaseTest, Ipv6GoesOnItsOwn) {
  Network web = network("10.1.2.0/24", "10.1.2.1");
  const Leases without = open(web);
  EXPECT_NE(without.take_any(Family::kIpv6, owner(1), all_live).error().to_string().find("no IPv6"),
            std::string::npos);
  web.subnets.push_back({.prefix = *Prefix::parse("fd00::/64"), .gateway = address("fd00::1")});
  const Leases leases = open(web);
  EXPECT_EQ(leases.take_any(Family::kIpv6, owner(1), all_live)->to_string(), "fd00::2");
  EXPECT_EQ(leases.take_any(Family::kIpv6, owner(1), all_live)->to_string(), "fd00::3");
  EXPECT_EQ(taken(leases), "10.1.2.2");
}

TEST_F(LeaseTest, AnAddressIsOneContainers) {
  const Network web = network("10.1.2.0/24", "10.1.2.1");
  const Leases leases = open(web);
  ASSERT_TRUE(leases.take(address("10.1.2.9"), owner(1), all_live));
  EXPECT_TRUE(leases.take(address("10.1.2.9"), owner(1), all_live));  // its own
  const auto other = leases.take(address("10.1.2.9"), owner(2), all_live);
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), Code::kAlreadyExists);
  EXPECT_EQ(other.error().to_string(),
            "address 10.1.2.9 of network web is taken by container 000000000000; stop that one, or "
            "choose another address");
  leases.release(address("10.1.2.9"), owner(2));  // it is not its own
  EXPECT_EQ(leases.list()->size(), 1U);
  EXPECT_TRUE(leases.take(address("10.1.2.9"), owner(2), none_lives));  // the first one is dead
  EXPECT_EQ(leases.list().value(), (std::vector<Lease>{{address("10.1.2.9"), owner(2)}}));
}

TEST_F(LeaseTest, WhatTheDeadLeftIsTakenBackWhenItIsNeeded) {
  const Network web = network("10.1.2.0/29", "10.1.2.1");
  const Leases leases = open(web);
  for (int number = 1; number <= 5; ++number) taken(leases, number);
  const auto but_two = [](const std::string& it) { return it != owner(2) && it != owner(4); };
  EXPECT_EQ(taken(leases, 6, but_two), "10.1.2.3");
  EXPECT_EQ(taken(leases, 7, but_two), "10.1.2.5");
  EXPECT_NE(taken(leases, 8, but_two).find("no free address"), std::string::npos);
  EXPECT_EQ(leases.sweep(none_lives).value(), 5U);
  EXPECT_TRUE(leases.list()->empty());
}

TEST_F(LeaseTest, AllOfOneOwnerAreReleased) {
  const Network web = network("10.1.2.0/24", "10.1.2.1");
  const Leases leases = open(web);
  for (int number : {1, 2, 1}) taken(leases, number);
  leases.release_all(owner(1));
  EXPECT_EQ(leases.list().value(), (std::vector<Lease>{{address("10.1.2.3"), owner(2)}}));
}

TEST_F(LeaseTest, ASpoiledCursorIsNoMatter) {
  const Network web = network("10.1.2.0/24", "10.1.2.1");
  const Leases leases = open(web);
  taken(leases);
  for (const std::string& text : {std::string("x"), std::string(), std::string("fd00::1\n"),
                                  std::string("10.9.9.9"), std::string(5000, 'a')}) {
    ASSERT_TRUE(sys::replace_file_at(
        dir_.borrow(), ("networks/" + web.id + "/leases/cursor4").c_str(), text, 0600));
    leases.release_all(owner(1));
    EXPECT_EQ(taken(leases), "10.1.2.2");
  }
}

TEST_F(LeaseTest, NothingIsLeftOfARemovedNetwork) {
  const Network web = network("10.1.2.0/24", "10.1.2.1");
  EXPECT_TRUE(remove_leases(dir_.borrow(), web.id));  // there was nothing
  taken(open(web));
  EXPECT_TRUE(remove_leases(dir_.borrow(), web.id));
  EXPECT_FALSE(sys::exists_at(dir_.borrow(), ("networks/" + web.id).c_str()));
}

// A container that takes an address, says so through the pipe, and waits to be killed.
pid_t start_taker(const UniqueFd& run, const Network& web, int number, const UniqueFd& out) {
  const pid_t child = ::fork();
  if (child != 0) return child;
  const auto leases = Leases::open(run.borrow(), web);
  const auto address = leases ? leases->take_any(Family::kIpv4, owner(number), all_live)
                              : Result<Address>(Address());
  const std::string line =
      std::to_string(number) + " " + (address ? address->to_string() : "none") + "\n";
  (void)sys::write_some(out.borrow(), line);
  while (true) ::pause();
}

std::map<int, std::string> read_lines(const std::string& text) {
  std::map<int, std::string> said;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = text.find('\n', at);
    const std::string line = text.substr(at, end - at);
    said[std::atoi(line.c_str())] = line.substr(line.find(' ') + 1);
    at = end + 1;
  }
  return said;
}

// Many at once, a third of whom are killed at some moment of it.
void run_many(const UniqueFd& run, const Network& web, int count) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
  UniqueFd in(ends[0]);
  UniqueFd out(ends[1]);
  unsigned random = 12345;
  std::map<int, pid_t> alive;
  std::set<std::string> dead;
  for (int number = 0; number < count; ++number) {
    alive[number] = start_taker(run, web, number, out);
    random = random * 1103515245 + 12345;
    if (number % 3 != 0) continue;
    const int victim = number - static_cast<int>((random >> 16U) % 3);
    if (!alive.contains(victim)) continue;
    ::kill(alive[victim], SIGKILL);
    ::waitpid(alive[victim], nullptr, 0);
    alive.erase(victim);
    dead.insert(owner(victim));
  }
  // Who lives has said its address, or will.
  std::string text;
  std::map<int, std::string> said;
  while (std::ranges::any_of(alive, [&](const auto& one) { return !said.contains(one.first); })) {
    std::array<char, 65536> buffer{};
    const auto size = sys::read_some(in.borrow(), buffer);
    ASSERT_TRUE(size && *size > 0);
    text.append(buffer.data(), *size);
    said = read_lines(text.substr(0, text.rfind('\n') + 1));
  }
  const Leases leases = *Leases::open(run.borrow(), web);
  const auto lives = [&](const std::string& it) { return !dead.contains(it); };
  EXPECT_TRUE(leases.sweep(lives));
  std::map<std::string, std::string> left;
  const auto all = leases.list();
  ASSERT_TRUE(all);
  for (const Lease& lease : *all) left[lease.address.to_string()] = lease.owner;
  EXPECT_EQ(left.size(), alive.size());
  for (const auto& [number, pid] : alive) {
    EXPECT_EQ(left[said[number]], owner(number)) << said[number];
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  EXPECT_GT(dead.size(), static_cast<std::size_t>(count) / 10);
}

TEST_F(LeaseTest, TwoHundredProcessesOfWhichSomeAreKilled) {
  run_many(dir_, network("10.1.2.0/24", "10.1.2.1"), 200);
}

TEST_F(LeaseTest, AThousandProcessesOfWhichSomeAreKilled) {
  run_many(dir_, network("10.1.0.0/16", "10.1.0.1"), 1000);
}

// Comes and goes, leaves addresses behind in the name of a dead one, and sweeps: whether it always had what it took.
bool keeps_what_it_has(const Leases& leases, int number) {
  constexpr int kRounds = 300;
  const auto lives = [](const std::string& it) { return !it.ends_with("99"); };
  for (int round = 0; round < kRounds; ++round) {
    (void)leases.take_any(Family::kIpv4, owner(100 * number + 99), lives);
    const auto mine = leases.take_any(Family::kIpv4, owner(number), lives);
    if (!mine) return false;
    if (round % 3 == 0) (void)leases.sweep(lives);
    const auto all = leases.list();
    const Lease wanted{.address = *mine, .owner = owner(number)};
    if (!all || std::ranges::count(*all, wanted) != 1) return false;
    leases.release(*mine, owner(number));
  }
  return true;
}

TEST_F(LeaseTest, SweepingTakesNothingFromTheLiving) {
  const Network web = network("10.1.2.0/27", "10.1.2.1");
  constexpr int kProcesses = 8;
  std::vector<pid_t> children;
  for (int number = 0; number < kProcesses; ++number) {
    const pid_t child = ::fork();
    if (child == 0) ::_exit(keeps_what_it_has(open(web), number) ? 0 : 1);
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = -1;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    EXPECT_EQ(status, 0);
  }
}

}  // namespace
}  // namespace planet::network
