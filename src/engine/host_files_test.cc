#include "engine/host_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

using testing::HasSubstr;

std::string parsed(std::string_view text) {
  const auto entry = parse_host_entry(text);
  if (!entry) return entry.error().to_string();
  return entry->name + " " + (entry->address ? entry->address->to_string() : "gateway");
}

TEST(HostEntry, IsANameAndAnAddress) {
  EXPECT_EQ(parsed("db:192.0.2.1"), "db 192.0.2.1");
  EXPECT_EQ(parsed("db=192.0.2.1"), "db 192.0.2.1");
  EXPECT_EQ(parsed("db.example_1:::1"), "db.example_1 ::1");
  EXPECT_EQ(parsed("db:[2001:db8::1]"), "db 2001:db8::1");
  EXPECT_EQ(parsed("db=[2001:db8::1]"), "db 2001:db8::1");
  EXPECT_EQ(parsed("here:host-gateway"), "here gateway");
}

TEST(HostEntry, WhatIsNoneGetsOneSentence) {
  for (const std::string bad :
       {"", "db", ":192.0.2.1", "db:", "db:192.0.2", "db:[]", "db:[192.0.2.1", "db:gateway",
        "a b:192.0.2.1", "a\n::1 evil:192.0.2.1", "db:192.0.2.1\n::1 evil", "d\xc3\xbc:192.0.2.1",
        "db:fe80::1%eth0"}) {
    const Result<> checked = check_host_entry(bad);
    ASSERT_FALSE(checked) << bad;
    EXPECT_EQ(checked.error().code(), Code::kInvalidArgument);
    EXPECT_THAT(checked.error().to_string(), HasSubstr("--add-host \""));
    EXPECT_FALSE(checked.error().to_string().contains('\n'));
  }
  const Result<> longer = check_host_entry(std::string(300, 'x') + ":192.0.2.1");
  ASSERT_FALSE(longer);
  EXPECT_LT(longer.error().to_string().size(), 200U);
}

constexpr std::string_view kLocal =
    "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\n"
    "ff00::0\tip6-mcastprefix\nff02::1\tip6-allnodes\nff02::2\tip6-allrouters\n";

Connections connected() {
  Connection connection;
  connection.interface.addresses = {
      {.address = *network::Address::parse("10.76.0.2"), .length = 16},
      {.address = *network::Address::parse("fd00::2"), .length = 64}};
  connection.interface.gateways = {*network::Address::parse("10.76.0.1")};
  return {.networks = {connection}, .published = {}};
}

TEST(HostsText, HasWhatWasAddedAndTheContainer) {
  Record record;
  record.hostname = "web";
  EXPECT_EQ(*hosts_text(record, {}), kLocal);
  record.naming.hosts = {"db:192.0.2.1", "here:host-gateway"};
  const std::string added = "192.0.2.1\tdb\n10.76.0.1\there\n";
  EXPECT_EQ(*hosts_text(record, connected()),
            std::string(kLocal) + added + "10.76.0.2\tweb\nfd00::2\tweb\n");
  record.naming.domain = "example.org";
  EXPECT_EQ(*hosts_text(record, connected()),
            std::string(kLocal) + added +
                "10.76.0.2\tweb.example.org web\nfd00::2\tweb.example.org web\n");
  const auto none = hosts_text(record, {});
  ASSERT_FALSE(none);
  EXPECT_THAT(none.error().to_string(), HasSubstr("no gateway"));
}

TEST(PlanHostFiles, LeavesTheUsersMounts) {
  const Places places{.root = "/store", .root_dir = {}, .run_dir = {}};
  Record record;
  record.id = "c1";
  oci::Spec spec;
  spec.root = oci::RootFs{.path = "rootfs", .readonly = true};
  spec.mounts.push_back({.destination = "/etc/hosts"});
  plan_host_files(places, record, spec);
  ASSERT_EQ(spec.mounts.size(), 3U);
  EXPECT_EQ(spec.mounts[1].destination, "/etc/hostname");
  EXPECT_EQ(spec.mounts[1].source, "/store/containers/c1/hostname");
  EXPECT_EQ(spec.mounts[1].options.back(), "ro");
  EXPECT_EQ(spec.mounts[2].destination, "/etc/resolv.conf");
}

class WriteHostFiles : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_NE(::mkdtemp(path_), nullptr);
    places_.emplace(*Places::open(std::string(path_) + "/root", std::string(path_) + "/run"));
    record_.id = "c1";
    record_.hostname = "web";
    make_dir("c1");
  }
  void TearDown() override {
    places_.reset();
    EXPECT_TRUE(sys::remove_tree_at(sys::kCwd, path_));
  }
  void make_dir(const std::string& id) {
    ASSERT_TRUE(sys::make_dir_at(places_->root_dir.borrow(), ("containers/" + id).c_str(), 0700));
  }
  std::string read(const std::string& file) {
    return sys::read_file_at(places_->root_dir.borrow(), ("containers/" + file).c_str())
        .value_or("none");
  }

  std::optional<Places> places_;
  Record record_;

 private:
  char path_[32] = "/tmp/planet-hosts-XXXXXX";
};

TEST_F(WriteHostFiles, WhatAContainerHasMadeOfThemIsGone) {
  const mode_t mask = sys::set_umask(0077);
  ASSERT_TRUE(write_host_files(*places_, record_, {}));
  sys::set_umask(mask);
  EXPECT_EQ(read("c1/hostname"), "web\n");
  EXPECT_EQ(read("c1/hosts"), kLocal);
  const BorrowedFd root = places_->root_dir.borrow();
  const auto first = sys::lstat_at(root, "containers/c1/hosts");
  EXPECT_EQ(first->st_mode & 07777, 0644U);
  ASSERT_TRUE(sys::change_mode(sys::open_at(root, "containers/c1/hosts", O_RDONLY)->borrow(), 0));
  ASSERT_TRUE(write_host_files(*places_, record_, connected()));
  EXPECT_THAT(read("c1/hosts"), HasSubstr("10.76.0.2\tweb\n"));
  EXPECT_EQ(sys::lstat_at(root, "containers/c1/hosts")->st_mode & 07777, 0644U);
}

TEST_F(WriteHostFiles, WhileItRunsTheyAreWrittenInPlace) {
  record_.naming.dns.servers = {"192.0.2.53"};
  ASSERT_TRUE(write_host_files(*places_, record_, {}));
  const BorrowedFd root = places_->root_dir.borrow();
  const auto file = sys::lstat_at(root, "containers/c1/hosts")->st_ino;
  const UniqueFd own = *sys::open_at(root, "containers/c1/hosts", O_WRONLY | O_APPEND);
  ASSERT_TRUE(sys::write_all(own.borrow(), "192.0.2.9\ttheirs\n"));
  const Connections now = connected();
  ASSERT_TRUE(add_to_hosts(*places_, record_, now.networks.front()));
  EXPECT_THAT(read("c1/hosts"), HasSubstr("192.0.2.9\ttheirs\n10.76.0.2\tweb\n"));
  drop_from_hosts(*places_, record_, now.networks.front());
  EXPECT_EQ(read("c1/hosts"), std::string(kLocal) + "192.0.2.9\ttheirs\n");
  EXPECT_EQ(sys::lstat_at(root, "containers/c1/hosts")->st_ino, file);
  EXPECT_EQ(read("c1/resolv.conf"), "nameserver 192.0.2.53\n");
  Connections named = now;
  named.networks.front().network = "blue";
  ASSERT_TRUE(write_resolv_conf(*places_, record_, named));
  EXPECT_THAT(read("c1/resolv.conf"), HasSubstr("nameserver 127.0.0.11\n"));
}

TEST(WithoutLines, OnlyWholeLinesGo) {
  EXPECT_EQ(without_lines("a\nbb\nc\n", "bb\n"), "a\nc\n");
  EXPECT_EQ(without_lines("bb\na\nbb\n", "x\nbb\n"), "a\n");
  EXPECT_EQ(without_lines("abb\nbbc\nb\n", "bb\n"), "abb\nbbc\nb\n");
  EXPECT_EQ(without_lines("bb", "bb\n"), "bb");
  EXPECT_EQ(without_lines("", "bb\n"), "");
  EXPECT_EQ(without_lines("a\n\n", ""), "a\n\n");
}

TEST_F(WriteHostFiles, WhoSharesANetworkHasItsFiles) {
  Record sharer;
  sharer.id = "c2";
  sharer.shared.network = "container:c1";
  make_dir("c2");
  EXPECT_FALSE(write_host_files(*places_, sharer, {}));
  ASSERT_TRUE(write_host_files(*places_, record_, {}));
  ASSERT_TRUE(write_host_files(*places_, sharer, {}));
  ASSERT_TRUE(write_host_files(*places_, sharer, {}));
  EXPECT_EQ(read("c2/hostname"), "web\n");
  // A new run of the other does not write into the files of this one.
  record_.hostname = "moon";
  ASSERT_TRUE(write_host_files(*places_, record_, {}));
  EXPECT_EQ(read("c1/hostname"), "moon\n");
  EXPECT_EQ(read("c2/hostname"), "web\n");
}

TEST_F(WriteHostFiles, OfTheHostsNetworkTheyAreTheHosts) {
  record_.host_network = true;
  record_.hostname.clear();
  ASSERT_TRUE(write_host_files(*places_, record_, {}));
  const auto same = [&](const char* file, const char* host) {
    EXPECT_EQ(read(std::string("c1/") + file), sys::read_file_at(sys::kCwd, host).value_or(""));
  };
  same("hosts", "/etc/hosts");
  same("resolv.conf", "/etc/resolv.conf");
  same("hostname", "/proc/sys/kernel/hostname");
  record_.naming.hosts = {"here:host-gateway"};
  ASSERT_TRUE(write_host_files(*places_, record_, {}));
  EXPECT_EQ(read("c1/hosts"), std::string(kLocal) + "127.0.0.1\there\n");
}

}  // namespace
}  // namespace planet::engine
