// How fast a container's resolver answers for names of its network, and a place to try it with other programs.
//
//   g++ -O2 -std=c++23 -iquote src -o dns_load bench/dns_load.cpp build/release/src/{network/libnetwork,oci/liboci,sys/libsys,base/libbase}.a
//   dns_load [SECONDS]                     (root) queries for 1000 names, one by one and 32 at a time
//   dns_load ask SECONDS NAME              the same queries for one name, to whatever is at 127.0.0.11 already
//   dns_load with UPSTREAM COMMAND...      (root) executes the command where the resolver is at 127.0.0.11; UPSTREAM is
//                                          ADDRESS:PORT, as this network namespace sees it, or "none"
//
// The resolver is confined as in life and runs in the network namespace of the caller, on one processor; what asks is in one of
// its own, on another. The names are n0 to n999; "shared" has three owners.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "network/resolver.h"
#include "sys/file.h"
#include "sys/inet.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace {

using namespace planet;
using namespace planet::network;
using Clock = std::chrono::steady_clock;

constexpr int kNames = 1000;

[[noreturn]] void die(const std::string& why) {
  std::fprintf(stderr, "dns_load: %s\n", why.c_str());
  std::exit(1);
}

template <class T>
T must(Result<T> result) {
  if (!result) die(result.error().to_string());
  return *std::move(result);
}
void must(const Result<>& result) {
  if (!result) die(result.error().to_string());
}

void use_processor(unsigned number) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(number % static_cast<unsigned>(sysconf(_SC_NPROCESSORS_ONLN)), &set);
  sched_setaffinity(0, sizeof set, &set);
}

UniqueFd listen_at_resolvers_address(int type) {
  UniqueFd socket(::socket(AF_INET, type | SOCK_CLOEXEC, 0));
  const auto at = sys::inet_address(std::array<std::uint8_t, 4>{127, 0, 0, 11}, 53);
  if (bind(socket.borrow().get(), reinterpret_cast<const sockaddr*>(&at.storage), at.size) < 0 ||
      (type == SOCK_STREAM && listen(socket.borrow().get(), 64) < 0))
    die("127.0.0.11 cannot be listened at");
  return socket;
}

void fill(const Names& names) {
  const Address first = must(Address::parse("10.88.0.10"));
  for (int i = 0; i < kNames; ++i) {
    std::vector<std::string> own{"n" + std::to_string(i)};
    if (i < 3) own.push_back("shared");
    must(names.add({.owner = "owner" + std::to_string(i),
                    .names = own,
                    .addresses = {*first.plus(static_cast<unsigned>(i)),
                                  must(Address::parse("fd00::" + std::to_string(i + 1)))}}));
  }
}

std::vector<Upstream> upstreams(const std::string& text) {
  if (text == "none") return {};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) die("UPSTREAM is ADDRESS:PORT");
  return {{.address = must(Address::parse(text.substr(0, colon))),
           .port = static_cast<std::uint16_t>(std::stoi(text.substr(colon + 1))),
           .link = 0}};
}

// In a network namespace of its own, with the resolver outside of it, executes `body`.
template <class Body>
int with_resolver(const std::string& upstream, Body body) {
  char path[] = "/run/planet-dns-load-XXXXXX";
  if (mkdtemp(path) == nullptr) die("no temporary directory");
  const UniqueFd dir = must(sys::open_at(sys::kCwd, path, O_RDONLY | O_DIRECTORY));
  Names names = must(Names::open(dir.borrow()));
  fill(names);
  const UniqueFd outside = must(sys::open_at(sys::kCwd, "/proc/self/ns/net", O_RDONLY));
  must(sys::unshare(CLONE_NEWNET));
  must(sys::raise_loopback());
  ResolverPlan plan;
  plan.datagrams = listen_at_resolvers_address(SOCK_DGRAM);
  plan.listener = listen_at_resolvers_address(SOCK_STREAM);
  plan.upstreams = upstreams(upstream);
  auto [ours, its] = must(sys::packet_socket_pair());
  sys::Child resolver = must(sys::clone_process({}));
  if (!resolver.valid()) {
    ours.reset();
    must(sys::set_ns(outside.borrow(), CLONE_NEWNET));
    use_processor(0);
    plan.stop = std::move(its);
    plan.networks.push_back(
        {.name = "blue",
         .names = std::move(names),
         .subnets = {must(Prefix::parse("10.88.0.0/16")), must(Prefix::parse("fd00::/64"))}});
    plan.idle = std::chrono::hours(1);
    must(confine_resolver(plan));
    must(serve(std::move(plan)));
    sys::exit_now(0);
  }
  use_processor(1);
  const int status = body();
  ours.reset();
  (void)resolver.wait();
  rusage use{};
  getrusage(RUSAGE_CHILDREN, &use);
  std::fprintf(stderr, "resolver: %.2f s of processor time, %ld KiB at most\n",
               static_cast<double>(use.ru_utime.tv_sec + use.ru_stime.tv_sec) +
                   static_cast<double>(use.ru_utime.tv_usec + use.ru_stime.tv_usec) / 1e6,
               use.ru_maxrss);
  must(sys::remove_tree_at(sys::kCwd, path));
  return status;
}

std::string query_for(const std::string& name, std::uint16_t id) {
  std::string text{static_cast<char>(id >> 8U), static_cast<char>(id & 0xffU)};
  text += std::string("\1\0\0\1\0\0\0\0\0\0", 10);
  const auto wire = dns::Name::from_text(name);
  if (!wire) die(name + " is no name");
  text += wire->wire();
  return text + std::string("\0\1\0\1", 4);
}

// So many queries are on their way at any time; the id says which is answered.
void measure(double seconds, unsigned window, const std::vector<std::string>& names) {
  const UniqueFd socket =
      must(sys::open_datagrams(sys::inet_address(std::array<std::uint8_t, 4>{127, 0, 0, 11}, 53)));
  const int fd = socket.borrow().get();
  std::vector<Clock::time_point> sent(65536);
  std::vector<double> microseconds;
  std::uint16_t next = 0;
  unsigned lost = 0;
  const auto send_one = [&] {
    const std::string query = query_for(names[static_cast<std::size_t>(next) * 7 % names.size()], next);
    sent[next++] = Clock::now();
    if (send(fd, query.data(), query.size(), 0) < 0) die("send failed");
  };
  const auto begin = Clock::now();
  const auto end = begin + std::chrono::duration<double>(seconds);
  for (unsigned i = 0; i < window; ++i) send_one();
  while (Clock::now() < end) {
    pollfd one{.fd = fd, .events = POLLIN, .revents = 0};
    if (poll(&one, 1, 1000) == 0) {
      ++lost;
      send_one();
      continue;
    }
    std::array<unsigned char, 512> answer{};
    while (recv(fd, answer.data(), answer.size(), MSG_DONTWAIT) > 0) {
      const auto id = static_cast<std::size_t>(answer[0] << 8U | answer[1]);
      if (answer[7] != 1) die("an answer has no address");
      microseconds.push_back(
          std::chrono::duration<double, std::micro>(Clock::now() - sent[id]).count());
      send_one();
    }
  }
  const double passed = std::chrono::duration<double>(Clock::now() - begin).count();
  std::ranges::sort(microseconds);
  const auto at = [&](double part) {
    return microseconds.at(
        static_cast<std::size_t>(part * static_cast<double>(microseconds.size() - 1)));
  };
  std::printf(
      "%3u at a time: %8.0f queries/s, median %6.1f us, 99 %% %6.1f us, most %7.1f us, lost %u\n",
      window, static_cast<double>(microseconds.size()) / passed, at(0.5), at(0.99),
      microseconds.back(), lost);
}

int execute(char** command) {
  const pid_t pid = fork();
  if (pid == 0) {
    execvp(command[0], command);
    _exit(127);
  }
  int status = 0;
  waitpid(pid, &status, 0);
  return WEXITSTATUS(status);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 3 && std::string_view(argv[1]) == "with")
    return with_resolver(argv[2], [&] { return execute(argv + 3); });
  const auto measure_both = [](double seconds, const std::vector<std::string>& names) {
    measure(seconds, 1, names);
    measure(seconds, 32, names);
    return 0;
  };
  if (argc == 4 && std::string_view(argv[1]) == "ask")
    return measure_both(std::atof(argv[2]), {argv[3]});
  const double seconds = argc > 1 ? std::atof(argv[1]) : 3;
  std::vector<std::string> names;
  for (int i = 0; i < kNames; ++i) names.push_back("n" + std::to_string(i));
  return with_resolver("none", [&] { return measure_both(seconds, names); });
}
