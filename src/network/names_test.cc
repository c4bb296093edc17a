#include "network/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "network/directory_test.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::network {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class NamesTest : public DirectoryTest {
 protected:
  Names names() const {
    auto names = Names::open(dir_.borrow());
    EXPECT_TRUE(names) << names.error().to_string();
    return *std::move(names);
  }

  // What is there besides the three directories.
  std::vector<std::string> left() const {
    std::vector<std::string> all;
    for (const char* table : {"names", "addresses", "owners"}) {
      const auto dir = sys::open_at(dir_.borrow(), table, O_RDONLY | O_DIRECTORY);
      const std::vector<std::string> names = *sys::list_dir(dir->borrow());
      all.insert(all.end(), names.begin(), names.end());
    }
    return all;
  }
};

NamesEntry entry(std::string owner, std::vector<std::string> names,
                 const std::vector<std::string>& addresses) {
  NamesEntry made{.owner = std::move(owner), .names = std::move(names), .addresses = {}};
  for (const std::string& text : addresses) made.addresses.push_back(*Address::parse(text));
  return made;
}

std::vector<std::string> found(const Names& names, std::string_view name) {
  const auto addresses = names.find(name);
  EXPECT_TRUE(addresses) << addresses.error().to_string();
  std::vector<std::string> texts;
  for (const Address& address : *addresses) texts.push_back(address.to_string());
  return texts;
}

std::string asked_back(const Names& names, std::string_view address) {
  const auto name = names.find_by_address(*Address::parse(address));
  EXPECT_TRUE(name) << name.error().to_string();
  return name->value_or("nobody");
}

TEST_F(NamesTest, AreFoundInBothDirections) {
  const Names names = this->names();
  ASSERT_TRUE(names.add(entry("c1", {"Web", "www"}, {"10.88.0.5", "fd00::5"})));
  EXPECT_THAT(found(names, "web"), ElementsAre("10.88.0.5", "fd00::5"));
  EXPECT_THAT(found(names, "WWW"), ElementsAre("10.88.0.5", "fd00::5"));
  EXPECT_EQ(asked_back(names, "10.88.0.5"), "web");
  EXPECT_EQ(asked_back(names, "fd00::5"), "web");
  EXPECT_THAT(found(names, "db"), IsEmpty());
  EXPECT_EQ(asked_back(names, "10.88.0.6"), "nobody");
  EXPECT_THAT(*names.owners(), ElementsAre("c1"));
}

TEST_F(NamesTest, AreSharedByTheirOwners) {
  const Names names = this->names();
  ASSERT_TRUE(names.add(entry("c2", {"two", "db"}, {"10.88.0.2"})));
  ASSERT_TRUE(names.add(entry("c1", {"one", "db"}, {"10.88.0.1"})));
  EXPECT_THAT(found(names, "db"), ElementsAre("10.88.0.1", "10.88.0.2"));
  ASSERT_TRUE(names.remove("c1"));
  EXPECT_THAT(found(names, "db"), ElementsAre("10.88.0.2"));
  EXPECT_THAT(found(names, "one"), IsEmpty());
}

TEST_F(NamesTest, LeaveNothing) {
  const Names names = this->names();
  ASSERT_TRUE(names.add(entry("c1", {"web", "web", "WEB"}, {"10.88.0.5", "10.88.0.5"})));
  ASSERT_TRUE(names.remove("c1"));
  EXPECT_TRUE(names.remove("c1"));
  EXPECT_THAT(left(), IsEmpty());
}

TEST_F(NamesTest, ReplaceWhatTheOwnerHad) {
  const Names names = this->names();
  ASSERT_TRUE(names.add(entry("c1", {"web", "old"}, {"10.88.0.5"})));
  ASSERT_TRUE(names.add(entry("c1", {"web"}, {"10.88.0.6"})));
  EXPECT_THAT(found(names, "web"), ElementsAre("10.88.0.6"));
  EXPECT_THAT(found(names, "old"), IsEmpty());
  EXPECT_EQ(asked_back(names, "10.88.0.5"), "nobody");
}

TEST_F(NamesTest, AreReadableForEverybody) {
  const mode_t before = ::umask(0077);
  const Names names = this->names();
  const auto added = names.add(entry("c1", {"web"}, {"10.88.0.5"}));
  ::umask(before);
  ASSERT_TRUE(added) << added.error().to_string();
  for (const char* path : {"names", "names/web", "addresses", "addresses/10.88.0.5"})
    EXPECT_EQ(sys::stat_at(dir_.borrow(), path)->st_mode & 07777U, 0755U) << path;
}

TEST_F(NamesTest, HaveLimits) {
  const Names names = this->names();
  const std::string longest(255, 'x');
  ASSERT_TRUE(names.add(entry("c1", {longest}, {"10.88.0.5"})));
  EXPECT_THAT(found(names, longest), ElementsAre("10.88.0.5"));
  const auto error = [&](const NamesEntry& bad) {
    const auto added = names.add(bad);
    return added ? "none" : added.error().to_string();
  };
  for (const std::string& name : {longest + "x", std::string(), std::string("."), std::string(".."),
                                  std::string("a/b"), std::string("-a"), std::string("a\0b", 3)}) {
    EXPECT_THAT(error(entry("c2", {name}, {"10.88.0.6"})), HasSubstr("is not a name"));
    EXPECT_THAT(error(entry(name, {"web"}, {"10.88.0.6"})), HasSubstr("is not the id"));
    EXPECT_THAT(found(names, name), IsEmpty());
    EXPECT_FALSE(names.remove(name));
  }
  const std::vector<std::string> many(65, "a");
  EXPECT_THAT(error(entry("c2", many, {"10.88.0.6"})), HasSubstr("from 1 to 64 names"));
  EXPECT_THAT(error(entry("c2", {}, {"10.88.0.6"})), HasSubstr("from 1 to 64 names"));
  EXPECT_THAT(error(entry("c2", {"a"}, {})), HasSubstr("from 1 to 16 addresses"));
  const std::vector<std::string> long_ones(16, longest);
  EXPECT_THAT(error(entry("c2", long_ones, {"10.88.0.6"})), HasSubstr("more than 4095 characters"));
  const std::vector<std::string> just(15, longest);
  EXPECT_EQ(error(entry("c2", just, {"10.88.0.6"})), "none");
  EXPECT_THAT(*names.owners(), testing::UnorderedElementsAre("c1", "c2"));
}

TEST_F(NamesTest, ReturnSoManyAddressesAndNoMore) {
  const Names names = this->names();
  for (int i = 0; i < 70; ++i)
    ASSERT_TRUE(names.add(entry("c" + std::to_string(i), {"db"}, {"10.88.0.5"})));
  EXPECT_EQ(found(names, "db").size(), Names::kMostAnswers);
}

TEST_F(NamesTest, PassOverWhatIsNoAddress) {
  const Names names = this->names();
  ASSERT_TRUE(names.add(entry("c1", {"web"}, {"10.88.0.5"})));
  ASSERT_TRUE(sys::symlink_at("../../etc junk 10.88.0.7", dir_.borrow(), "names/web/c2"));
  EXPECT_THAT(found(names, "web"), ElementsAre("10.88.0.5", "10.88.0.7"));
}

// Four processes add and remove a shared name as fast as they can, while this one looks and the last is killed at a
// random moment, again and again.
class NamesCrowdTest : public NamesTest {
 protected:
  sys::Child start(int number) const {
    auto child = sys::clone_process({});
    EXPECT_TRUE(child);
    if (child->valid()) return *std::move(child);
    const Names names = this->names();
    const std::string owner = "c" + std::to_string(number);
    const NamesEntry own = entry(owner, {owner, "db"}, {"10.88.0." + std::to_string(number)});
    while (true)
      if (!names.add(own) || found(names, owner).empty() || !names.remove(owner)) ::_exit(1);
  }

  static void kill(sys::Child child) {
    ASSERT_TRUE(child.send_signal(SIGKILL));
    const auto end = child.wait();
    EXPECT_TRUE(end && end->signalled) << "a process failed to add or remove";
  }
};

TEST_F(NamesCrowdTest, KeepsWhatItShares) {
  const Names names = this->names();
  ASSERT_TRUE(names.add(entry("c9", {"db"}, {"10.88.0.9"})));
  std::vector<sys::Child> crowd;
  for (int number = 1; number <= 3; ++number) crowd.push_back(start(number));
  for (int round = 0; round < 50; ++round) {
    sys::Child victim = start(4);
    for (int look = 0; look < 20 + round; ++look)
      ASSERT_THAT(found(names, "db"), testing::Contains("10.88.0.9"));
    kill(std::move(victim));
  }
  for (sys::Child& child : crowd) kill(std::move(child));
  const std::vector<std::string> owners = *names.owners();
  for (const std::string& owner : owners) EXPECT_TRUE(names.remove(owner));
  EXPECT_THAT(left(), IsEmpty());
}

}  // namespace
}  // namespace planet::network
