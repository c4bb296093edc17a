#include "engine/name_service.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>

#include <string>

#include "base/strings.h"
#include "network/dns_message.h"
#include "network/dns_name.h"
#include "network/lease.h"
#include "network/names.h"
#include "sys/file.h"
#include "sys/inet.h"
#include "sys/signals.h"
#include "sys/socket.h"
#include "sys/tcp.h"

namespace planet::engine {
namespace {

constexpr int kSoon = 5000;  // ms: what is expected comes before

std::size_t open_descriptors() {
  const auto dir = sys::open_at(sys::kCwd, "/proc/self/fd", O_RDONLY | O_DIRECTORY);
  return sys::list_dir(dir->borrow())->size();
}

std::size_t children() {
  const auto list = sys::read_file_at(sys::kCwd, "/proc/thread-self/children");
  return split(trim(*list), ' ').size() - (trim(*list).empty() ? 1 : 0);
}

UniqueFd own_network() {
  return *sys::open_at(sys::kCwd, "/proc/thread-self/ns/net", O_RDONLY);
}

Connection connection_to(const std::string& network, std::string_view address, bool internal) {
  Connection connection;
  connection.network = network;
  connection.network_id = "id-of-" + network;
  connection.interface.addresses = {{.address = *network::Address::parse(address), .length = 24}};
  connection.internal = internal;
  return connection;
}

std::string query_of(std::string_view name) {
  using namespace std::string_literals;
  return "\0\7\1\0\0\1\0\0\0\0\0\0"s + network::dns::Name::from_text(name)->wire() + "\0\1\0\1"s;
}

// The keeper of a container is the test itself: it is in the host's network namespace, and looks at the service's descriptors
// as Clients does.
class NameServiceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (sys::own_user() != 0) GTEST_SKIP() << "network namespaces need root";
    descriptors_ = open_descriptors();
    children_ = children();
    original_ = own_network();
    ASSERT_NE(::mkdtemp(path_), nullptr);
    places_.emplace(*Places::open(std::string(path_) + "/root", std::string(path_) + "/run"));
    record_.id = std::string(64, 'c');
    ASSERT_TRUE(sys::unshare(CLONE_NEWNET));
    ASSERT_TRUE(sys::raise_loopback());
    host_ = own_network();
    ASSERT_TRUE(sys::unshare(CLONE_NEWNET));
    ASSERT_TRUE(sys::raise_loopback());
    container_ = own_network();
    ASSERT_TRUE(sys::set_ns(host_.borrow(), CLONE_NEWNET));
    service_.emplace(*places_, record_);
  }

  void TearDown() override {
    if (!original_.valid()) return;
    service_.reset();
    host_.reset();
    container_.reset();
    places_.reset();
    EXPECT_TRUE(sys::set_ns(original_.borrow(), CLONE_NEWNET));
    original_.reset();
    EXPECT_TRUE(sys::remove_tree_at(sys::kCwd, path_));
    EXPECT_EQ(open_descriptors(), descriptors_);
    EXPECT_EQ(children(), children_);
  }

  void begin(const Connections& connections) {
    ASSERT_TRUE(sys::set_ns(container_.borrow(), CLONE_NEWNET));
    auto sockets = open_name_sockets();
    ASSERT_TRUE(sys::set_ns(host_.borrow(), CLONE_NEWNET));
    ASSERT_TRUE(sockets) << sockets.error().to_string();
    ASSERT_EQ(sockets->size(), 2U);
    service_->begin(std::move((*sockets)[0]), std::move((*sockets)[1]), connections);
  }

  void begin_blue() {
    const auto dir = network::open_network_run_dir(places_->run_dir.borrow(), "id-of-blue");
    const auto names = network::Names::open(dir->borrow());
    ASSERT_TRUE(names->add(
        {.owner = "c1", .names = {"web"}, .addresses = {*network::Address::parse("10.88.0.5")}}));
    begin({.networks = {connection_to("blue", "10.88.0.2", true)}, .published = {}});
  }

  // One turn of the keeper's loop; the test's descriptor is waited for, too. Whether that is ready.
  bool turn(BorrowedFd own) {
    std::vector<pollfd> set{{.fd = own.get(), .events = POLLIN, .revents = 0}};
    service_->watch(set);
    EXPECT_EQ(set.size(), 1 + Attendant::kWatched);
    watched_ = std::vector(set.begin() + 1, set.end());
    const int patience = service_->patience();
    if (!sys::wait_ready(set, patience < 0 ? kSoon : std::min(patience, kSoon))) return false;
    service_->serve(std::span(set).subspan(1));
    return set.front().revents != 0;
  }

  UniqueFd open_client() {
    EXPECT_TRUE(sys::set_ns(container_.borrow(), CLONE_NEWNET));
    auto client =
        sys::open_datagrams(sys::inet_address(std::array<std::uint8_t, 4>{127, 0, 0, 11}, 53));
    EXPECT_TRUE(sys::set_ns(host_.borrow(), CLONE_NEWNET));
    return *std::move(client);
  }

  // By UDP, in the container.
  std::string ask(std::string_view name) {
    const UniqueFd client = open_client();
    EXPECT_TRUE(sys::send_some(client.borrow(), query_of(name)));
    constexpr int kMostTurns = 20;
    for (int i = 0; i < kMostTurns; ++i) {
      if (!turn(client.borrow())) continue;
      std::string bytes(512, '\0');
      const auto n = sys::receive_some(client.borrow(), bytes);
      return n && *n ? bytes.substr(0, **n) : "failed";
    }
    return "nothing came";
  }

  static std::string address_in(const std::string& answer) {
    const auto address = network::Address::from_bytes(
        std::span(reinterpret_cast<const std::uint8_t*>(answer.data()), answer.size())
            .last(answer.size() < 4 ? 0 : 4));
    return answer.size() > 12 && answer[7] == 1 && address ? address->to_string() : "none";
  }

  // The one child that there is.
  static pid_t resolver() {
    const auto list = sys::read_file_at(sys::kCwd, "/proc/thread-self/children");
    const auto pid = parse_number<pid_t>(trim(*list), "pid");
    return pid ? *pid : 0;
  }

  std::optional<Places> places_;
  Record record_;
  std::optional<NameService> service_;
  std::vector<pollfd> watched_;

 private:
  std::size_t descriptors_ = 0, children_ = 0;
  UniqueFd original_, host_, container_;
  char path_[32] = "/tmp/planet-names-XXXXXX";
};

TEST_F(NameServiceTest, TheFirstQueryStartsIt) {
  begin_blue();
  EXPECT_EQ(resolver(), 0);
  EXPECT_EQ(service_->patience(), -1);
  EXPECT_EQ(address_in(ask("web")), "10.88.0.5");
  const pid_t first = resolver();
  ASSERT_NE(first, 0);
  // The sockets are its own now, and what ps shows of it says whose it is.
  EXPECT_EQ(watched_[1].fd, -1);
  const std::string proc = "/proc/" + std::to_string(first);
  EXPECT_EQ(sys::read_file_at(sys::kCwd, (proc + "/cmdline").c_str())->substr(0, 32),
            "planet: resolver of cccccccccccc");
  EXPECT_EQ(address_in(ask("WEB.blue")), "10.88.0.5");
  EXPECT_EQ(resolver(), first);
  // Every network of it is internal: nobody else is asked.
  EXPECT_EQ(network::dns::code_of(ask("example.org")), network::dns::Rcode::kRefused);
}

TEST_F(NameServiceTest, ItHasNothingOfTheKeepers) {
  const UniqueFd secret = *sys::open_at(sys::kCwd, "/etc/passwd", O_RDONLY);
  begin_blue();
  ASSERT_EQ(address_in(ask("web")), "10.88.0.5");
  const std::string fds = "/proc/" + std::to_string(resolver()) + "/fd";
  const auto dir = sys::open_at(sys::kCwd, fds.c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_TRUE(dir);
  const std::vector<std::string> open = *sys::list_dir(dir->borrow());
  // The streams, two sockets, the keeper's pidfd, three directories.
  EXPECT_EQ(open.size(), 3U + 2U + 1U + 3U);
  for (const std::string& name : open)
    EXPECT_NE(sys::read_link_at(dir->borrow(), name.c_str()).value_or(""), "/etc/passwd");
}

TEST_F(NameServiceTest, OneThatWasKilledComesBackWithTheNextQuery) {
  begin_blue();
  ASSERT_EQ(address_in(ask("web")), "10.88.0.5");
  const pid_t first = resolver();
  ASSERT_TRUE(sys::send_signal(sys::open_pidfd(first)->borrow(), SIGKILL));
  EXPECT_EQ(address_in(ask("web")), "10.88.0.5");
  EXPECT_NE(resolver(), 0);
  EXPECT_NE(resolver(), first);
}

TEST_F(NameServiceTest, OneThatFailsIsStartedMoreAndMoreSeldom) {
  record_.naming.dns.servers = {"not an address"};
  begin_blue();
  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("web")));
  int before = 0;
  for (int i = 0; i < 3; ++i) {
    turn(client.borrow());  // it is started ...
    turn(client.borrow());  // ... and has ended
    const int pause = service_->patience();
    EXPECT_GT(pause, before);
    before = std::max(pause, 150 << i);
    turn(client.borrow());  // Nothing is watched meanwhile.
    EXPECT_EQ(watched_[0].fd, -1);
    EXPECT_EQ(watched_[1].fd, -1);
  }
}

TEST_F(NameServiceTest, OneMoreNetworkIsFoundByTheNextQuery) {
  EXPECT_FALSE(service_->has_begun());
  begin_blue();
  EXPECT_TRUE(service_->has_begun());
  ASSERT_EQ(address_in(ask("web")), "10.88.0.5");
  const pid_t first = resolver();
  const auto dir = network::open_network_run_dir(places_->run_dir.borrow(), "id-of-red");
  const auto names = network::Names::open(dir->borrow());
  ASSERT_TRUE(names->add(
      {.owner = "c2", .names = {"db"}, .addresses = {*network::Address::parse("10.99.0.5")}}));
  service_->change({.networks = {connection_to("blue", "10.88.0.2", true),
                                 connection_to("red", "10.99.0.2", true)},
                    .published = {}});
  EXPECT_EQ(resolver(), 0);
  EXPECT_EQ(address_in(ask("db.red")), "10.99.0.5");
  EXPECT_EQ(address_in(ask("web")), "10.88.0.5");
  EXPECT_NE(resolver(), first);
  // In none at all nobody is asked.
  service_->change({});
  EXPECT_EQ(network::dns::code_of(ask("web")), network::dns::Rcode::kNxDomain);
  EXPECT_EQ(network::dns::code_of(ask("example.org")), network::dns::Rcode::kRefused);
}

TEST_F(NameServiceTest, TheEndOfTheRunIsItsEnd) {
  begin_blue();
  ASSERT_EQ(address_in(ask("web")), "10.88.0.5");
  ASSERT_NE(resolver(), 0);
  service_->end();
  EXPECT_EQ(resolver(), 0);
  EXPECT_EQ(service_->patience(), -1);
  // The next run has a service again.
  begin_blue();
  EXPECT_EQ(address_in(ask("web")), "10.88.0.5");
}

TEST_F(NameServiceTest, WhoDiesTakesItAlong) {
  begin_blue();
  const auto [ours, theirs] = *sys::packet_socket_pair();
  auto keeper = sys::clone_process({});
  ASSERT_TRUE(keeper);
  if (!keeper->valid()) {
    const bool good = address_in(ask("web")) == "10.88.0.5" &&
                      sys::send_message(theirs.borrow(), std::to_string(resolver()));
    sys::sleep_ms(good ? 60'000 : 0);
    sys::exit_now(0);
  }
  const auto message = sys::receive_message(ours.borrow(), 64);
  const auto pid = parse_number<pid_t>(message->bytes, "pid");
  ASSERT_TRUE(pid && *pid > 0);
  const auto resolver = sys::open_pidfd(*pid);
  ASSERT_TRUE(resolver);
  *keeper = sys::Child();  // killed
  pollfd ended{.fd = resolver->borrow().get(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(*sys::wait_ready(std::span(&ended, 1), kSoon), 1);
}

TEST(WantsNames, ByTheNetworksOfTheContainer) {
  Record record;
  record.naming.dns.servers = {"192.0.2.1"};
  EXPECT_FALSE(wants_names(record, {}));
  const Connection bridge = connection_to("bridge", "10.76.0.2", false);
  const Connection blue = connection_to("blue", "10.88.0.2", false);
  EXPECT_FALSE(wants_names(record, {.networks = {bridge}, .published = {}}));
  EXPECT_TRUE(wants_names(record, {.networks = {bridge, blue}, .published = {}}));
}

}  // namespace
}  // namespace planet::engine
