#include <gmock/gmock.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "network/resolver_test.h"
#include "sys/landlock.h"

namespace planet::network {
namespace {

bool may_open(const char* path, int flags) {
  return sys::open_at(sys::kCwd, path, flags, 0600).has_value();
}

bool has_landlock() {
  auto child = sys::clone_process({});
  if (child && !child->valid())
    sys::exit_now(sys::set_no_new_privs() && sys::restrict_self({}) ? 0 : 1);
  const auto end = child ? child->wait() : Result<sys::ExitStatus>();
  return end && end->shell_status() == 0;
}

bool may_map_code() {
  return ::mmap(nullptr, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
         MAP_FAILED;
}

// Files that everybody may read, and ports of the host's that are not a name server's.
bool may_reach_others() {
  const auto connected = sys::connect_tcp("127.0.0.1", 80, 100ms);
  return may_open("/etc/passwd", O_RDONLY) || may_open("/", O_RDONLY) || connected ||
         connected.error().sys_errno() != EACCES;
}

// The number of the first thing that a resolver can do and must not; 0 if there is none.
int first_leak(const ResolverPlan& plan, bool with_landlock) {
  if (!confine_resolver(plan)) return 1;
  const bool leaks[] = {
      ::fork() >= 0,
      sys::execute("/bin/true", {"true"}, {}) != EPERM,
      may_open("/etc/shadow", O_RDONLY),
      may_open("/tmp", O_TMPFILE | O_WRONLY),
      may_open("/tmp/planet-dns-leak", O_CREAT),
      sys::unlink_at(plan.networks[0].names.names_dir(), "web/c1").has_value(),
      ::socket(AF_UNIX, SOCK_STREAM, 0) >= 0,
      ::socket(AF_NETLINK, SOCK_RAW, 0) >= 0,
      may_map_code(),
      ::setuid(0) == 0,
      ::kill(1, 0) == 0,
      with_landlock && may_reach_others(),
  };
  const auto* const leak = std::ranges::find(leaks, true);
  return leak == std::end(leaks) ? 0 : 2 + static_cast<int>(leak - std::begin(leaks));
}

TEST_F(ResolverTest, AnswersWithNothingButItsSockets) {
  const bool with_landlock = has_landlock();
  start({.before = [&](const ResolverPlan& plan) { return first_leak(plan, with_landlock); }});
  const std::string web = ask(query_of("web"));
  ASSERT_EQ(records_of(web), 1) << web << ", status " << wait_for_end();
  EXPECT_EQ(records_of(ask(query_of("5.0.88.10.in-addr.arpa", dns::kPtr))), 1);

  const UniqueFd client = open_client();
  ASSERT_TRUE(sys::send_some(client.borrow(), query_of("example.org")));
  const auto got = servers_[0].take();
  servers_[0].send(got, answer_to(got.query, 200));
  EXPECT_EQ(receive(client.borrow()), answer_to(query_of("example.org"), 200));

  const UniqueFd stream = connect_client();
  ASSERT_TRUE(sys::send_some(stream.borrow(), framed(query_of("example.org"))));
  const UniqueFd server = servers_[0].accept();
  const std::string query = receive_framed(server.borrow());
  ASSERT_TRUE(sys::send_some(server.borrow(), framed(answer_to(query, 3000))));
  EXPECT_EQ(receive_framed(stream.borrow()), answer_to(query_of("example.org"), 3000));

  stop();
  EXPECT_EQ(wait_for_end(), 0);
}

TEST_F(ResolverTest, IsNobody) {
  start({.before = [](const ResolverPlan& plan) { return confine_resolver(plan) ? 0 : 1; }});
  ASSERT_EQ(records_of(ask(query_of("web"))), 1);
  const std::string process = "/proc/" + std::to_string(resolver_pid());
  const auto status = sys::read_file_at(sys::kCwd, (process + "/status").c_str());
  ASSERT_TRUE(status);
  for (const char* line :
       {"\nUid:\t65534\t65534\t65534\t65534\n", "\nGid:\t65534\t65534\t65534\t65534\n",
        "\nGroups:\t \n", "\nCapPrm:\t0000000000000000\n", "\nCapEff:\t0000000000000000\n",
        "\nCapAmb:\t0000000000000000\n", "\nNoNewPrivs:\t1\n", "\nSeccomp:\t2\n"})
    EXPECT_THAT(*status, testing::HasSubstr(line));
  // Of a process that may not be dumped, and so not be traced, these files are root's: proc(5).
  EXPECT_EQ(sys::stat_at(sys::kCwd, (process + "/environ").c_str())->st_uid, 0U);
}

}  // namespace
}  // namespace planet::network
