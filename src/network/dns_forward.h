// Queries on their way to the host's servers, and the answers on their way back.
//
// Each try has a socket of its own, at a random port, with a random id, and hears nothing but the server that was asked: a forged
// answer must guess both (RFC 5452). By UDP a query goes as it came, by TCP if it came so; an answer that was cut off (TC) is passed
// on, and its client asks again by TCP.
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "base/unique_fd.h"
#include "network/address.h"
#include "network/dns_message.h"
#include "network/resolv_conf.h"
#include "sys/inet.h"

namespace planet::network {

struct Upstream {
  Address address;
  std::uint16_t port = 53;
  unsigned link = 0;  // of a link-local address: sys::link_number()
};

// By their port and, where they need one, the number of their link in this network namespace. A server at a link that is not
// there is left out, as one that nobody can reach.
std::vector<Upstream> upstreams_of(std::span<const Nameserver> servers);

// Who wants an answer: where a datagram came from, or the number of a connection.
using Asker = std::variant<sys::InetAddress, std::uint64_t>;

class Forwarder {
 public:
  using Clock = std::chrono::steady_clock;
  using Deliver = std::function<void(const Asker& asker, std::string answer)>;

  static constexpr std::size_t kMostAtOnce = 256;

  // `patience` is what a query may take with all of its tries. `deliver` is called from start() and handle(), once for each
  // query: with the answer, or SERVFAIL.
  Forwarder(std::vector<Upstream> upstreams, std::chrono::milliseconds patience, Deliver deliver);

  // `message` is the query as it came.
  void start(const Asker& asker, dns::Query query, std::string message, Clock::time_point now);

  bool is_idle() const { return flights_.empty(); }
  // When something is to be done though nothing happens.
  Clock::time_point deadline() const;

  // What to wait for, appended; the same number of entries, with what has happened, goes to handle().
  void add_polls(std::vector<pollfd>& polls) const;
  void handle(std::span<const pollfd> polls, Clock::time_point now);

 private:
  struct Flight {
    Asker asker;
    dns::Query query;
    std::string message;
    std::string refusal;  // a server's answer that another server may better
    unsigned tries = 0;
    std::size_t upstream = 0;  // that is being asked
    std::vector<bool> asked;
    std::uint16_t id = 0;
    UniqueFd socket;
    std::string out, in;  // by TCP
    Clock::time_point deadline;
    bool is_done = false;

    bool is_tcp() const { return std::holds_alternative<std::uint64_t>(asker); }
  };
  enum class Progress : std::uint8_t { kWaiting, kFailed, kAnswered };

  void try_next(Flight& flight, Clock::time_point now);
  bool begin_try(Flight& flight);
  std::size_t choose(const Flight& flight, Clock::time_point now) const;
  void advance(Flight& flight, Clock::time_point now);
  Progress receive_datagrams(Flight& flight);
  static Progress move_stream(Flight& flight);
  void take_answer(Flight& flight, Clock::time_point now);
  void finish(Flight& flight, std::string answer);

  std::vector<Upstream> upstreams_;
  std::vector<Clock::time_point> avoided_until_;  // of each upstream
  unsigned most_tries_;
  std::chrono::milliseconds try_limit_;
  Deliver deliver_;
  std::vector<Flight> flights_;
  std::string buffer_;
};

}  // namespace planet::network
