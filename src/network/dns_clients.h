// Clients that ask by TCP: few at a time, one query after the other, and none that keeps a place without asking.
//
// Source: RFC 1035, section 4.2.2 (a length before each message); RFC 7766, section 6.2.3 (idle connections).
#pragma once

#include <poll.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/unique_fd.h"

namespace planet::network {

class TcpClients {
 public:
  using Clock = std::chrono::steady_clock;
  // May reply at once.
  using Ask = std::function<void(std::uint64_t client, std::string message)>;

  static constexpr std::size_t kMostAtOnce = 16;

  // Within `limit` a client's query must be there, from its first byte to its last, and its answer taken. The answer may be
  // waited for as long as it takes.
  TcpClients(std::chrono::milliseconds limit, Ask ask) : limit_(limit), ask_(std::move(ask)) {}

  bool is_idle() const { return clients_.empty(); }
  bool is_full() const { return clients_.size() >= kMostAtOnce; }
  Clock::time_point deadline() const;

  void accept(BorrowedFd listener, Clock::time_point now);
  // To nobody, if the client has gone. Without a message: there is nothing to say to it, now or later.
  void reply(std::uint64_t client, std::string_view message, Clock::time_point now);

  // What to wait for, appended; the same number of entries, with what has happened, goes to handle().
  void add_polls(std::vector<pollfd>& polls) const;
  void handle(std::span<const pollfd> polls, Clock::time_point now);

 private:
  struct Client {
    std::uint64_t number = 0;
    UniqueFd socket;
    std::string in, out;
    bool is_answered = true;  // no query of it is on its way
    bool has_ended = false;   // it says no more
    bool is_gone = false;
    Clock::time_point deadline;
  };

  static void send(Client& client);
  static void receive(Client& client);
  void advance(Client& client, short events, Clock::time_point now);
  void take_query(Client& client, Clock::time_point now);

  std::chrono::milliseconds limit_;
  Ask ask_;
  std::uint64_t last_number_ = 0;
  std::vector<Client> clients_;
};

}  // namespace planet::network
