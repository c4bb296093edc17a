#include "network/dns_zone.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "sys/file.h"

namespace planet::network {
namespace {

using dns::Rcode;
using testing::HasSubstr;

// "blue" 10.88.0.0/24 and fd00::/64: web (two families), db (10.88.0.2 and .3), four (IPv4), "dotted.example"
// "red"  10.89.0.0/24: web (another), only, six (fd01::6)
class ZoneTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(path_), nullptr);
    open("Blue", {"10.88.0.0/24", "fd00::/64"});
    open("red", {"10.89.0.0/24"});
    add(0, "c1", {"web", "www"}, {"10.88.0.1", "fd00::1"});
    add(0, "c2", {"two", "db"}, {"10.88.0.2"});
    add(0, "c3", {"three", "db"}, {"10.88.0.3"});
    add(0, "c4", {"four", "dotted.example"}, {"10.88.0.4"});
    add(1, "c1", {"web", "only"}, {"10.89.0.1"});
    add(1, "c6", {"four", "six"}, {"fd01::6"});
  }
  void TearDown() override { EXPECT_TRUE(sys::remove_tree_at(sys::kCwd, path_)); }

  void open(const std::string& name, const std::vector<std::string>& subnets) {
    const auto dir = sys::make_directories(sys::kCwd, path_ + ("/" + name), 0755);
    NamedNetwork network{.name = name, .names = *Names::open(dir->borrow()), .subnets = {}};
    for (const std::string& subnet : subnets) network.subnets.push_back(*Prefix::parse(subnet));
    networks_.push_back(std::move(network));
  }

  void add(std::size_t network, std::string owner, std::vector<std::string> names,
           const std::vector<std::string>& addresses) {
    NamesEntry entry{.owner = std::move(owner), .names = std::move(names), .addresses = {}};
    for (const std::string& text : addresses) entry.addresses.push_back(*Address::parse(text));
    ASSERT_TRUE(networks_[network].names.add(entry));
  }

  std::optional<std::string> message(std::string_view name, std::uint16_t type,
                                     std::uint32_t turn = 0) {
    dns::Query query;
    query.name = *dns::Name::from_text(name);
    query.type = type;
    query.cls = dns::kInternet;
    return answer_from_networks(networks_, query, dns::kLeastDatagram, turn, lookups_);
  }

  // "no such name", "forward", or the addresses of the answer.
  std::string ask(std::string_view name, std::uint16_t type = dns::kA, std::uint32_t turn = 0) {
    lookups_.forget();
    return ask_again(name, type, turn);
  }

  // Of what ask() has looked up.
  std::string ask_again(std::string_view name, std::uint16_t type = dns::kA,
                        std::uint32_t turn = 0) {
    const auto answer = message(name, type, turn);
    if (!answer) return "forward";
    if (dns::code_of(*answer) == Rcode::kNxDomain) return "no such name";
    if (dns::code_of(*answer) != Rcode::kNoError) return "failed";
    return addresses_of(*answer);
  }

  static std::string addresses_of(const std::string& answer) {
    std::size_t at = 12;
    EXPECT_TRUE(dns::Name::read(answer, at));
    at += 4;
    std::string text;
    for (int record = 0; record < answer[7]; ++record) {
      const auto length = std::size_t{static_cast<std::uint8_t>(answer[at + 11])};
      const std::string data = answer.substr(at + 12, length);
      const std::vector<std::uint8_t> bytes(data.begin(), data.end());
      text += (text.empty() ? "" : " ") + Address::from_bytes(bytes)->to_string();
      at += 12 + length;
    }
    return text;
  }

  char path_[32] = "/tmp/planet-zone-XXXXXX";
  std::vector<NamedNetwork> networks_;
  Lookups lookups_;
};

TEST_F(ZoneTest, KnowsTheContainersOfItsNetworks) {
  EXPECT_EQ(ask("web"), "10.88.0.1");
  EXPECT_EQ(ask("WWW", dns::kAaaa), "fd00::1");
  EXPECT_EQ(ask("web", dns::kAny), "10.88.0.1 fd00::1");
  EXPECT_EQ(ask("only"), "10.89.0.1");
  EXPECT_EQ(ask("dotted.example"), "10.88.0.4");
}

TEST_F(ZoneTest, SaysThatANameHasNoSuchType) {
  EXPECT_EQ(ask("db", dns::kAaaa), "");
  EXPECT_EQ(ask("six"), "");
  EXPECT_EQ(ask("web", 15), "");
  EXPECT_EQ(ask("web", dns::kHttps), "");
}

TEST_F(ZoneTest, LooksFurtherForTheType) {
  EXPECT_EQ(ask("four"), "10.88.0.4");
  EXPECT_EQ(ask("four", dns::kAaaa), "fd01::6");
}

TEST_F(ZoneTest, TakesANetworkForADomain) {
  EXPECT_EQ(ask("web.blue"), "10.88.0.1");
  EXPECT_EQ(ask("web.RED"), "10.89.0.1");
  EXPECT_EQ(ask("only.blue"), "forward");
  EXPECT_EQ(ask("blue"), "no such name");
  EXPECT_EQ(ask("web.red.blue"), "forward");
}

TEST_F(ZoneTest, GivesEachOwnerItsTurn) {
  EXPECT_EQ(ask("db", dns::kA, 0), "10.88.0.2 10.88.0.3");
  EXPECT_EQ(ask("db", dns::kA, 1), "10.88.0.3 10.88.0.2");
  EXPECT_EQ(ask("db", dns::kA, 0xffffffff), "10.88.0.3 10.88.0.2");
}

TEST_F(ZoneTest, LooksUpOnceForThoseThatComeTogether) {
  EXPECT_EQ(ask("late"), "no such name");
  EXPECT_EQ(ask_again("web"), "10.88.0.1");
  add(0, "c7", {"late"}, {"10.88.0.7"});
  ASSERT_TRUE(networks_[0].names.remove("c1"));
  EXPECT_EQ(ask_again("late"), "no such name");
  EXPECT_EQ(ask_again("WEB"), "10.88.0.1");
  EXPECT_EQ(ask_again("web", dns::kAaaa), "fd00::1");
  EXPECT_EQ(ask_again("web.red"), "10.89.0.1");
  EXPECT_EQ(ask_again("www"), "no such name");
  EXPECT_EQ(ask("late"), "10.88.0.7");
  EXPECT_EQ(ask("web"), "10.89.0.1");
}

TEST_F(ZoneTest, TellsNobodyOfANameThatNobodyHas) {
  EXPECT_EQ(ask("gone"), "no such name");
  EXPECT_EQ(ask("gone", dns::kAaaa), "no such name");
  EXPECT_EQ(ask("gone", dns::kHttps), "no such name");
  EXPECT_EQ(ask("com", 2), "forward");  // NS
  EXPECT_EQ(ask(".", 2), "forward");
  EXPECT_EQ(ask("gone.example"), "forward");
}

TEST_F(ZoneTest, IsWhereLocalhostIs) {
  EXPECT_EQ(ask("localhost"), "127.0.0.1");
  EXPECT_EQ(ask("a.Localhost", dns::kAaaa), "::1");
  EXPECT_EQ(ask("localhost", 15), "");
  EXPECT_THAT(*message("1.0.0.127.in-addr.arpa", dns::kPtr), HasSubstr("\x09localhost"));
}

TEST_F(ZoneTest, NamesTheOwnersOfItsAddresses) {
  EXPECT_THAT(*message("1.0.88.10.in-addr.arpa", dns::kPtr),
              HasSubstr(std::string("\3web\4Blue\0", 10)));
  EXPECT_THAT(*message("1.0.89.10.in-addr.arpa", dns::kPtr),
              HasSubstr(std::string("\3web\3red\0", 9)));
  EXPECT_THAT(*message("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.d.f.ip6.arpa",
                       dns::kPtr),
              HasSubstr(std::string("\3web\4Blue\0", 10)));
  EXPECT_EQ(ask("1.0.88.10.in-addr.arpa", 6), "");
}

TEST_F(ZoneTest, KeepsQuestionsAboutItsSubnetsToItself) {
  EXPECT_EQ(ask("9.0.88.10.in-addr.arpa", dns::kPtr), "no such name");
  EXPECT_EQ(ask("9.0.89.10.in-addr.arpa", 6), "no such name");
  EXPECT_EQ(ask("1.0.90.10.in-addr.arpa", dns::kPtr), "forward");
}

TEST_F(ZoneTest, SaysOfANameThatCannotBeAskedNothing) {
  add(0, "c9", {std::string(64, 'x')}, {"10.88.0.9"});
  EXPECT_EQ(ask("9.0.88.10.in-addr.arpa", dns::kPtr), "no such name");
}

TEST_F(ZoneTest, LetsNobodyElseAnswerIfItsFilesCannotBeRead) {
  ASSERT_TRUE(sys::symlink_at("x", networks_[0].names.names_dir(), "loop.example"));
  EXPECT_EQ(ask("loop.example"), "failed");
  EXPECT_EQ(ask("other.example"), "forward");
}

}  // namespace
}  // namespace planet::network
