#include "network/resolver.h"

#include <poll.h>

#include <algorithm>
#include <random>

#include "network/dns_clients.h"
#include "sys/datagrams.h"
#include "sys/random.h"
#include "sys/signals.h"

namespace planet::network {
namespace {

using Clock = std::chrono::steady_clock;
using dns::Query;
using dns::Rcode;

// Zones are copied from server to server, not by the way of this one.
bool is_transfer(std::uint16_t type) {
  return type == dns::kAxfr || type == dns::kIxfr;
}

class Resolver {
 public:
  explicit Resolver(ResolverPlan plan);
  Resolver(const Resolver&) = delete;
  Resolver& operator=(const Resolver&) = delete;
  Resolver(Resolver&&) = delete;
  Resolver& operator=(Resolver&&) = delete;
  ~Resolver() = default;

  Result<> run();

 private:
  // The sockets' places among what is waited for; the clients', then the queries' on their way, follow.
  enum Place : std::size_t { kStop, kDatagrams, kListener, kFixed };

  Result<bool> wait();  // false: the container has ended
  void handle_flights_and_clients();
  Result<> take_datagrams();
  void take(const Asker& asker, std::string_view message);
  std::optional<std::string> answer(const Query& query, std::size_t limit);
  void deliver(const Asker& asker, std::string answer);
  void send_answers();
  bool is_idle() const;
  int timeout_ms() const;

  ResolverPlan plan_;
  Forwarder forwarder_;
  TcpClients clients_;
  std::vector<pollfd> polls_;
  std::size_t client_count_ = 0;  // of polls_
  sys::ReceivedDatagrams received_;
  std::minstd_rand turns_{sys::random_number()};  // whose turn it is need not be a secret
  Lookups lookups_;                               // of datagrams that came together
  std::vector<sys::DatagramToSend> answers_;      // of this turn
  Clock::time_point now_ = Clock::now();
  Clock::time_point last_query_ = now_;
};

Resolver::Resolver(ResolverPlan plan)
    : plan_(std::move(plan)),
      forwarder_(plan_.upstreams, plan_.patience,
                 [this](const Asker& asker, std::string text) { deliver(asker, std::move(text)); }),
      clients_(plan_.client_limit,
               [this](std::uint64_t client, const std::string& text) {
                 lookups_.forget();
                 take(client, text);
               }),
      received_(dns::kMostDatagram) {}

bool Resolver::is_idle() const {
  return forwarder_.is_idle() && clients_.is_idle() && now_ - last_query_ >= plan_.idle;
}

int Resolver::timeout_ms() const {
  auto next = std::min(forwarder_.deadline(), clients_.deadline());
  if (forwarder_.is_idle() && clients_.is_idle()) next = std::min(next, last_query_ + plan_.idle);
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(next - now_).count();
  constexpr std::int64_t kMost = 60'000;
  return static_cast<int>(std::clamp<std::int64_t>(left, 0, kMost));
}

Result<bool> Resolver::wait() {
  const auto wait_for = [](const UniqueFd& fd, bool wanted) {
    return pollfd{
        .fd = fd.borrow().get(), .events = static_cast<short>(wanted ? POLLIN : 0), .revents = 0};
  };
  polls_.clear();
  polls_.push_back(wait_for(plan_.stop, true));
  polls_.push_back(wait_for(plan_.datagrams, true));
  polls_.push_back(wait_for(plan_.listener, !clients_.is_full()));
  clients_.add_polls(polls_);
  client_count_ = polls_.size() - kFixed;
  forwarder_.add_polls(polls_);
  TRY(sys::wait_ready(polls_, timeout_ms()), "wait for queries");
  now_ = Clock::now();
  return polls_[kStop].revents == 0;
}

// Answers first: a client whose answer has come may go on with what it has asked behind that.
void Resolver::handle_flights_and_clients() {
  const std::span<const pollfd> polls = polls_;
  forwarder_.handle(polls.subspan(kFixed + client_count_), now_);
  clients_.handle(polls.subspan(kFixed, client_count_), now_);
}

std::optional<std::string> Resolver::answer(const Query& query, std::size_t limit) {
  if (query.cls != dns::kInternet || is_transfer(query.type))
    return dns::answer_code(query, Rcode::kRefused, dns::Authority::kNone);
  auto own = answer_from_networks(plan_.networks, query, limit,
                                  static_cast<std::uint32_t>(turns_()), lookups_);
  if (!own && plan_.outside == Outside::kRefuse)
    return dns::answer_code(query, Rcode::kRefused, dns::Authority::kNone);
  return own;
}

void Resolver::take(const Asker& asker, std::string_view message) {
  last_query_ = now_;
  auto query = dns::parse_query(message);
  if (!query) return deliver(asker, std::move(query.error().answer));
  const bool is_tcp = std::holds_alternative<std::uint64_t>(asker);
  auto own = answer(*query, is_tcp ? dns::kMostMessage : dns::datagram_limit(*query));
  if (own) return deliver(asker, *std::move(own));
  forwarder_.start(asker, *std::move(query), std::string(message), now_);
}

void Resolver::deliver(const Asker& asker, std::string answer) {
  if (const auto* client = std::get_if<std::uint64_t>(&asker))
    return clients_.reply(*client, answer, now_);
  if (answer.empty()) return;
  answers_.push_back({.bytes = std::move(answer), .to = std::get<sys::InetAddress>(asker)});
}

// A datagram that cannot be sent is one that got lost: its client asks again.
void Resolver::send_answers() {
  (void)sys::send_datagrams(plan_.datagrams.borrow(), answers_);
  answers_.clear();
}

// As many as come by one call; then others have their turn.
Result<> Resolver::take_datagrams() {
  TRY_SET(const auto datagrams, received_.receive(plan_.datagrams.borrow()));
  lookups_.forget();
  for (const auto& datagram : datagrams) {
    // Of what is longer than any query there is nothing but its header, which says whether to answer that it is malformed.
    const std::size_t size = datagram.is_cut_off ? dns::kHeader : datagram.bytes.size();
    take(datagram.from, datagram.bytes.substr(0, size));
  }
  return {};
}

Result<> Resolver::run() {
  TRY(sys::set_non_blocking(plan_.listener.borrow()));
  while (!is_idle()) {
    TRY_SET(const bool is_alive, wait());
    if (!is_alive) break;
    handle_flights_and_clients();
    if (polls_[kListener].revents != 0) clients_.accept(plan_.listener.borrow(), now_);
    if (polls_[kDatagrams].revents != 0) TRY(take_datagrams());
    send_answers();
  }
  return {};
}

}  // namespace

Result<> serve(ResolverPlan plan) {
  return Resolver(std::move(plan)).run();
}

}  // namespace planet::network
