#include "network/dns_clients.h"

#include <algorithm>

#include "network/dns_message.h"
#include "sys/inet.h"
#include "sys/tcp.h"

namespace planet::network {
namespace {

constexpr std::size_t kLength = 2;  // bytes before a message

std::size_t length_of(const std::string& in) {
  return static_cast<std::size_t>((static_cast<std::uint8_t>(in[0]) << 8U) |
                                  static_cast<std::uint8_t>(in[1]));
}

}  // namespace

TcpClients::Clock::time_point TcpClients::deadline() const {
  auto first = Clock::time_point::max();
  for (const Client& client : clients_)
    if (client.is_answered) first = std::min(first, client.deadline);
  return first;
}

void TcpClients::accept(BorrowedFd listener, Clock::time_point now) {
  while (!is_full()) {
    auto socket = sys::accept_connection(listener);
    if (!socket || !*socket) return;
    clients_.push_back({.number = ++last_number_,
                        .socket = **std::move(socket),
                        .in = {},
                        .out = {},
                        .deadline = now + limit_});
  }
}

void TcpClients::reply(std::uint64_t client, std::string_view message, Clock::time_point now) {
  const auto at = std::ranges::find(clients_, client, &Client::number);
  if (at == clients_.end()) return;
  at->is_answered = true;
  at->is_gone = at->is_gone || message.empty() || message.size() > dns::kMostMessage;
  if (at->is_gone) return;
  at->deadline = now + limit_;
  at->out += static_cast<char>(message.size() >> 8U);
  at->out += static_cast<char>(message.size() & 0xffU);
  at->out += message;
  send(*at);
}

void TcpClients::send(Client& client) {
  const auto sent = sys::send_some(client.socket.borrow(), client.out);
  client.is_gone = client.is_gone || !sent;
  if (sent) client.out.erase(0, sent->value_or(0));
}

// So much as may belong to one query, and what comes with it: the rest waits in the socket.
void TcpClients::receive(Client& client) {
  constexpr std::size_t kPiece = 4096;
  const std::size_t before = client.in.size();
  client.in.resize(before + kPiece);
  const auto n =
      sys::receive_some(client.socket.borrow(), std::span(client.in).subspan(before, kPiece));
  client.in.resize(before + (n && *n ? **n : 0));
  client.is_gone = client.is_gone || !n;
  client.has_ended = client.has_ended || (n && *n && **n == 0);
}

void TcpClients::take_query(Client& client, Clock::time_point now) {
  if (client.in.size() < kLength || client.in.size() - kLength < length_of(client.in)) return;
  const std::size_t length = length_of(client.in);
  std::string message = client.in.substr(kLength, length);
  client.in.erase(0, kLength + length);
  client.is_answered = false;
  client.deadline = now + limit_;
  ask_(client.number, std::move(message));
}

void TcpClients::advance(Client& client, short events, Clock::time_point now) {
  if ((events & POLLOUT) != 0) send(client);
  if ((events & POLLIN) != 0) receive(client);
  if ((events & (POLLERR | POLLHUP)) != 0 && (events & POLLIN) == 0) client.is_gone = true;
  // One after the other: what is asked while an answer is on its way waits.
  while (!client.is_gone && client.is_answered && client.out.empty()) {
    const std::size_t before = client.in.size();
    take_query(client, now);
    if (client.in.size() == before) break;
  }
  if (!client.is_answered) return;
  if (client.deadline <= now || (client.has_ended && client.out.empty())) client.is_gone = true;
}

void TcpClients::add_polls(std::vector<pollfd>& polls) const {
  for (const Client& client : clients_) {
    short events = 0;
    if (!client.out.empty())
      events = POLLOUT;
    else if (client.is_answered && !client.has_ended)
      events = POLLIN;
    polls.push_back({.fd = client.socket.borrow().get(), .events = events, .revents = 0});
  }
}

void TcpClients::handle(std::span<const pollfd> polls, Clock::time_point now) {
  for (std::size_t i = 0; i < polls.size(); ++i) advance(clients_[i], polls[i].revents, now);
  std::erase_if(clients_, [](const Client& client) { return client.is_gone; });
}

}  // namespace planet::network
