// What becomes of the tables: who makes them, what changes them, and how they read.
#include <sys/wait.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "network/firewall_test.h"

namespace planet::network {
namespace {

TEST_P(FirewallTest, UnpublishesAndKnowsWhatIsTaken) {
  const ForwardedPort port{.protocol = kUdp,
                           .host_address = std::nullopt,
                           .host_port = 5353,
                           .address = ipv4(88, 10),
                           .port = 53};
  FirewallChange publish;
  publish.publish(port);
  apply(publish);
  apply(publish);
  auto other = port;
  other.address = ipv4(88, 11);
  FirewallChange taken;
  taken.publish(other);
  EXPECT_EQ(firewall_->apply(taken).error().code(), Code::kAlreadyExists);

  const UniqueFd udp = bound(ns("a"), SOCK_DGRAM, ipv4(88, 10), 53);
  EXPECT_TRUE(datagram(ns("neighbour"), ipv4(100, 1), 5353, udp));
  FirewallChange gone;
  gone.unpublish(port);
  gone.unpublish(other);
  apply(gone);
  apply(gone);
  EXPECT_FALSE(datagram(ns("neighbour"), ipv4(100, 1), 5353, udp, kDoesNotArrive));
  apply(taken);
}

TEST_P(FirewallTest, SeesWhatIsNotWholeAndMakesItAnew) {
  const auto all = [&]() -> Result<FirewallChange> { return networks_.front(); };
  EXPECT_FALSE(*firewall_->ensure(run_dir_.borrow(), all));
  EXPECT_TRUE(*firewall_->is_there());
  for (const char* harm :
       {"flush ruleset", "delete table inet planettest", "delete table bridge planettest",
        "flush table inet planettest", "flush chain bridge planettest ipv6",
        "delete chain inet planettest guard"}) {
    SCOPED_TRACE(harm);
    shell(std::string("nft ") + harm);
    EXPECT_FALSE(*firewall_->is_there());
    EXPECT_TRUE(*firewall_->ensure(run_dir_.borrow(), all));
    EXPECT_TRUE(*firewall_->is_there());
    EXPECT_FALSE(*firewall_->ensure(run_dir_.borrow()));
    EXPECT_TRUE(shell("nft list set inet planettest bridges").contains("plbA"));
  }
  // Who does not know what is to be in them makes none.
  shell("nft flush ruleset");
  const auto unknown = []() -> Result<FirewallChange> { return fail(Code::kCorrupt, "no record"); };
  EXPECT_EQ(firewall_->ensure(run_dir_.borrow(), unknown).error().code(), Code::kCorrupt);
  EXPECT_EQ(shell("nft list ruleset"), "");
  EXPECT_TRUE(*firewall_->ensure(run_dir_.borrow(), all));
  EXPECT_TRUE(shell("nft list set inet planettest bridges").contains("plbA"));
  ASSERT_TRUE(firewall_->remove_all());
  ASSERT_TRUE(firewall_->remove_all());
  EXPECT_EQ(shell("nft list ruleset"), "");
  EXPECT_EQ(firewall_->apply(networks_.front()).error().code(), Code::kNotFound);
}

TEST_P(FirewallTest, TellsWhatOthersDoToIt) {
  auto notices = Firewall::watch();
  ASSERT_TRUE(notices) << notices.error().to_string();
  apply(networks_.front());
  publish(kTcp, std::nullopt, 8080, ipv4(88, 10), 80);
  shell("nft flush set inet planettest internal");
  EXPECT_FALSE(notices->drain());
  for (const char* harm :
       {"flush ruleset", "delete table inet planettest", "flush chain inet planettest guard"}) {
    SCOPED_TRACE(harm);
    ASSERT_TRUE(firewall_->ensure(run_dir_.borrow()));
    (void)notices->drain();
    shell(std::string("nft ") + harm);
    EXPECT_TRUE(notices->drain());
  }
}

// Many processes that start containers at once: one makes the tables, and no one's elements are lost to another.
TEST_P(FirewallTest, IsMadeByOneOfMany) {
  ASSERT_TRUE(firewall_->remove_all());
  constexpr int kProcesses = 8;
  std::vector<pid_t> children;
  for (int process = 0; process < kProcesses; ++process) {
    const pid_t child = ::fork();
    if (child == 0) {
      auto own = Firewall::open("test");
      const auto made = own->ensure(run_dir_.borrow());
      FirewallChange change;
      change.add_network({.bridge = "plb" + std::to_string(process), .internal = false});
      const bool added = made && own->apply(change);
      ::_exit(!added ? 2 : *made ? 1 : 0);
    }
    children.push_back(child);
  }
  int makers = 0;
  for (const pid_t child : children) {
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_LT(WEXITSTATUS(status), 2);
    makers += WEXITSTATUS(status);
  }
  EXPECT_EQ(makers, 1);
  const std::string set = shell("nft list set inet planettest bridges");
  for (int process = 0; process < kProcesses; ++process)
    EXPECT_TRUE(set.contains("plb" + std::to_string(process))) << set;
  EXPECT_FALSE(*firewall_->ensure(run_dir_.borrow()));
}

TEST_P(FirewallTest, ReadsAsItIsMeant) {
  publish(kTcp, address("127.0.0.1"), 8081, ipv4(88, 10), 80);
  const std::string rules = shell("nft list ruleset");
  for (const char* part :
       {"comment \"rules 2\"", "type filter hook forward priority filter + 10; policy accept;",
        "iifname != \"lo\" ip daddr 127.0.0.0/8 drop", "iifname . oifname @same accept",
        "ct state established,related accept", "ct status dnat accept",
        "tcp . 127.0.0.1 . 8081 : 10.88.0.10 . 80",
        "iifname @bridges oifname != @bridges masquerade",
        "fib daddr type local dnat ip to meta l4proto . th dport map @published_all4",
        "udp sport 67 drop", "\"plpa\" . 02:42:0a:58:00:0a . 10.88.0.10"})
    EXPECT_TRUE(rules.contains(part)) << part << "\nin\n" << rules;
}

}  // namespace
}  // namespace planet::network
