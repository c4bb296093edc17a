#include "engine/name_service.h"

#include <signal.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/strings.h"
#include "engine/host_dns.h"
#include "network/lease.h"
#include "network/names.h"
#include "sys/command_line.h"
#include "sys/descriptors.h"
#include "sys/file.h"
#include "sys/inet.h"

namespace planet::engine {
namespace {

constexpr std::array<std::uint8_t, 4> kAddress{127, 0, 0, 11};
constexpr std::uint16_t kPort = 53;
constexpr std::int64_t kNsPerMs = 1'000'000;
// A resolver that has ended sooner than that has failed: each time the next one comes later.
constexpr std::int64_t kShortLife = 1'000 * kNsPerMs;
constexpr std::int64_t kFirstPause = 100 * kNsPerMs;
constexpr std::int64_t kLongestPause = 30'000 * kNsPerMs;

bool has_names(const Connection& connection) {
  return connection.network != network::kDefaultNetwork;
}

// The standard streams lead nowhere.
Result<> leave_streams() {
  constexpr int kStreams = 3;
  TRY_SET(const UniqueFd null, sys::open_at(sys::kCwd, "/dev/null", O_RDWR));
  for (int stream = 0; stream < kStreams; ++stream) TRY(sys::place_fd(null.borrow(), stream));
  return {};
}

}  // namespace

network::Address name_service_address() {
  return *network::Address::from_bytes(kAddress);
}

Result<UniqueFd> open_name_socket(NameSocket which) {
  const char* const doing = "open the sockets of the name service";
  const bool listens = which == NameSocket::kListener;
  TRY_SET(UniqueFd socket,
          sys::open_bound(sys::inet_address(kAddress, kPort), listens ? SOCK_STREAM : SOCK_DGRAM),
          doing);
  if (listens) TRY(sys::listen_for_connections(socket.borrow()), doing);
  return socket;
}

Result<std::vector<UniqueFd>> open_name_sockets() {
  std::vector<UniqueFd> sockets;
  for (const NameSocket which : {NameSocket::kDatagrams, NameSocket::kListener}) {
    TRY_SET(UniqueFd socket, open_name_socket(which));
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

bool wants_names(const Record& record, const Connections& connections) {
  if (connections.networks.empty()) return false;
  if (std::ranges::any_of(connections.networks, has_names)) return true;
  return record.naming.dns.servers.empty() &&
         network::reachable_nameservers(read_host_dns()).empty();
}

void NameService::begin(UniqueFd datagrams, UniqueFd listener, const Connections& connections) {
  datagrams_ = std::move(datagrams);
  listener_ = std::move(listener);
  networks_ = connections.networks;
  next_ = pause_ = 0;
}

void NameService::change(const Connections& connections) {
  resolver_ = sys::Child();  // killed and reaped
  networks_ = connections.networks;
  next_ = pause_ = 0;
}

void NameService::end() {
  resolver_ = sys::Child();  // killed and reaped
  datagrams_.reset();
  listener_.reset();
}

// Either the sockets, or the resolver that has them now.
void NameService::watch(std::vector<pollfd>& set) const {
  const auto wait_for = [](BorrowedFd fd) {
    return pollfd{.fd = fd.get(), .events = POLLIN, .revents = 0};
  };
  if (resolver_.valid()) {
    set.push_back(wait_for(resolver_.pidfd()));
    set.push_back(kNothing);
  } else if (!listener_.valid() || sys::monotonic_ns() < next_) {
    set.insert(set.end(), kWatched, kNothing);
  } else {
    set.push_back(wait_for(datagrams_.borrow()));
    set.push_back(wait_for(listener_.borrow()));
  }
}

int NameService::patience() const {
  if (resolver_.valid() || !listener_.valid()) return -1;
  const std::int64_t left = next_ - sys::monotonic_ns();
  return left <= 0 ? -1 : static_cast<int>(left / kNsPerMs) + 1;
}

void NameService::serve(std::span<const pollfd> waited) {
  if (waited[0].revents == 0 && waited[1].revents == 0) return;
  if (resolver_.valid()) {
    (void)resolver_.wait();
    note_end();
  } else if (listener_.valid()) {
    start_resolver();
  }
}

void NameService::note_end() {
  const std::int64_t now = sys::monotonic_ns();
  const bool failed = now - started_ < kShortLife;
  pause_ = failed ? std::clamp(pause_ * 2, kFirstPause, kLongestPause) : 0;
  next_ = now + pause_;
}

void NameService::start_resolver() {
  started_ = sys::monotonic_ns();
  auto keeper = sys::open_pidfd(sys::own_pid());
  auto child =
      keeper ? sys::clone_process({}) : Result<sys::Child>(std::unexpected(keeper.error()));
  if (!child) return note_end();
  if (!child->valid()) sys::exit_now(be_resolver(*std::move(keeper)) ? 0 : 1);
  resolver_ = *std::move(child);
}

// In its own process, which returns to nobody: what it has of the keeper's is closed below those who hold it.
Result<> NameService::be_resolver(UniqueFd keeper) {
  // Until it changes its user, which takes this back: then it is the keeper's pidfd that says so.
  TRY(sys::set_parent_death_signal(SIGKILL));
  TRY_SET(UniqueFd run_dir, sys::duplicate(places_.run_dir.borrow()));
  TRY(leave_streams());
  TRY(sys::close_all_but(std::array{0, 1, 2, run_dir.borrow().get(), keeper.borrow().get(),
                                    datagrams_.borrow().get(), listener_.borrow().get()}));
  TRY(sys::set_command_line("planet: resolver of " + record_.id.substr(0, kShortId)));
  TRY_SET(network::ResolverPlan plan, plan_resolver(run_dir.borrow(), std::move(keeper)));
  run_dir.reset();
  TRY(network::confine_resolver(plan));
  return network::serve(std::move(plan));
}

Result<network::ResolverPlan> NameService::plan_resolver(BorrowedFd run_dir, UniqueFd keeper) {
  TRY_SET(const std::vector<network::Nameserver> servers,
          network::choose_nameservers(read_host_dns(), record_.naming.dns));
  network::ResolverPlan plan{.datagrams = std::move(datagrams_),
                             .listener = std::move(listener_),
                             .stop = std::move(keeper),
                             .networks = {},
                             .upstreams = network::upstreams_of(servers)};
  const bool shut_in = std::ranges::all_of(networks_, &Connection::internal);
  plan.outside = shut_in ? network::Outside::kRefuse : network::Outside::kForward;
  for (const Connection& connection : networks_) {
    if (!has_names(connection)) continue;
    TRY_SET(const UniqueFd dir, network::open_network_run_dir(run_dir, connection.network_id));
    TRY_SET(network::Names names, network::Names::open(dir.borrow()));
    network::NamedNetwork named{
        .name = connection.network, .names = std::move(names), .subnets = {}};
    for (const network::InterfaceAddress& own : connection.interface.addresses)
      named.subnets.push_back(network::Prefix::around(own.address, own.length));
    plan.networks.push_back(std::move(named));
  }
  return plan;
}

}  // namespace planet::engine
