#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "network/resolver_test.h"

namespace planet::network {
namespace {

std::size_t open_descriptors() {
  const auto dir = sys::open_at(sys::kCwd, "/proc/self/fd", O_RDONLY | O_DIRECTORY);
  return sys::list_dir(dir->borrow())->size();
}

}  // namespace

void ResolverTest::SetUp() {
  if (sys::own_user() != 0) GTEST_SKIP() << "network namespaces need root";
  descriptors_ = open_descriptors();
  original_ = *sys::open_at(sys::kCwd, "/proc/thread-self/ns/net", O_RDONLY);
  ASSERT_NE(::mkdtemp(path_), nullptr);
  const auto dir = sys::open_at(sys::kCwd, path_, O_RDONLY | O_DIRECTORY);
  names_ = *Names::open(dir->borrow());
  ASSERT_TRUE(
      names_->add({.owner = "c1", .names = {"web"}, .addresses = {*Address::parse("10.88.0.5")}}));
}

void ResolverTest::TearDown() {
  if (!original_.valid()) return;
  resolver_ = {};
  servers_.clear();
  container_ = {};
  names_.reset();
  stop_.reset();
  host_.reset();
  EXPECT_TRUE(sys::set_ns(original_.borrow(), CLONE_NEWNET));
  original_.reset();
  EXPECT_TRUE(sys::remove_tree_at(sys::kCwd, path_));
  EXPECT_EQ(open_descriptors(), descriptors_);
}

void ResolverTest::enter_new_namespace() {
  ASSERT_TRUE(sys::unshare(CLONE_NEWNET));
  ASSERT_TRUE(sys::raise_loopback());
}

TestServer ResolverTest::open_server(std::array<std::uint8_t, 4> address, std::uint16_t port) {
  TestServer server;
  const auto bound = [&](int type) {
    UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
    sys::InetAddress at = sys::inet_address(address, port);
    EXPECT_EQ(::bind(socket.borrow().get(), reinterpret_cast<sockaddr*>(&at.storage), at.size), 0);
    EXPECT_EQ(
        ::getsockname(socket.borrow().get(), reinterpret_cast<sockaddr*>(&at.storage), &at.size),
        0);
    port = ntohs(reinterpret_cast<const sockaddr_in&>(at.storage).sin_port);
    return socket;
  };
  server.datagrams = bound(SOCK_DGRAM);
  server.listener = bound(SOCK_STREAM);
  EXPECT_EQ(::listen(server.listener.borrow().get(), 64), 0);
  server.port = port;
  return server;
}

ResolverPlan ResolverTest::plan(const Options& options, UniqueFd stop) {
  ResolverPlan plan{.datagrams = std::move(container_.datagrams),
                    .listener = std::move(container_.listener),
                    .stop = std::move(stop),
                    .networks = {},
                    .upstreams = {},
                    .outside = options.outside,
                    .idle = options.idle,
                    .patience = options.patience,
                    .client_limit = options.client_limit};
  plan.networks.push_back(
      {.name = "blue", .names = *std::move(names_), .subnets = {*Prefix::parse("10.88.0.0/24")}});
  for (const TestServer& server : servers_)
    plan.upstreams.push_back({.address = *Address::parse("127.0.0.1"), .port = server.port});
  return plan;
}

void ResolverTest::start(const Options& options) {
  enter_new_namespace();
  host_ = *sys::open_at(sys::kCwd, "/proc/thread-self/ns/net", O_RDONLY);
  for (std::size_t i = 0; i < options.servers; ++i)
    servers_.push_back(open_server({127, 0, 0, 1}, static_cast<std::uint16_t>(5300 + i)));
  enter_new_namespace();
  container_ = open_server({127, 0, 0, 11}, 53);
  auto [ours, its] = *sys::packet_socket_pair();
  auto child = sys::clone_process({});
  ASSERT_TRUE(child);
  if (child->valid()) {
    resolver_ = *std::move(child);
    stop_ = std::move(ours);
    return;
  }
  ours.reset();
  if (!sys::set_ns(host_.borrow(), CLONE_NEWNET)) sys::exit_now(100);
  ResolverPlan made = plan(options, std::move(its));
  // As in life, nothing else is open.
  servers_.clear();
  if (options.before)
    if (const int status = options.before(made); status != 0) sys::exit_now(status);
  // By the call itself: before a function that does not return, AddressSanitizer makes a call of its own, which a confined
  // resolver may not make.
  ::syscall(SYS_exit_group, serve(std::move(made)) ? 0 : 101);
}

UniqueFd ResolverTest::open_client() const {
  return *sys::open_datagrams(sys::inet_address(std::array<std::uint8_t, 4>{127, 0, 0, 11}, 53));
}

UniqueFd ResolverTest::connect_client() const {
  return *sys::connect_tcp("127.0.0.11", 53, std::chrono::milliseconds(kSoon));
}

std::string ResolverTest::ask(const std::string& query) const {
  const UniqueFd client = open_client();
  EXPECT_TRUE(sys::send_some(client.borrow(), query));
  return receive(client.borrow());
}

int ResolverTest::wait_for_end() {
  if (!is_readable(resolver_.pidfd(), kSoon)) return -1;
  const auto end = resolver_.wait();
  return end ? end->shell_status() : -1;
}

}  // namespace planet::network
