#include "network/dns_forward.h"

#include <algorithm>

#include "base/strings.h"
#include "sys/random.h"
#include "sys/tcp.h"

namespace planet::network {
namespace {

using dns::Rcode;

// A server that did not answer is asked last for so long, so that not every query waits for it.
constexpr std::chrono::seconds kAvoided(10);

// Of these it is worth to hear what another server says.
bool is_refusal(Rcode code) {
  return code == Rcode::kServFail || code == Rcode::kRefused || code == Rcode::kNotImp;
}

std::string with_length(const std::string& message) {
  std::string text;
  text += static_cast<char>(message.size() >> 8U);
  text += static_cast<char>(message.size() & 0xffU);
  return text + message;
}

// How many bytes a message by TCP has, with those of its length; nothing as long as these are not there.
std::optional<std::size_t> whole_size(const std::string& in) {
  if (in.size() < 2) return std::nullopt;
  return 2U + static_cast<std::uint8_t>(in[0]) * 256U + static_cast<std::uint8_t>(in[1]);
}

// By its number, or its name.
Result<unsigned> link_of(const std::string& scope) {
  if (scope.empty()) return 0U;
  auto number = parse_number<unsigned>(scope, "the number of a link");
  return number ? number : sys::link_number(scope);
}

}  // namespace

std::vector<Upstream> upstreams_of(std::span<const Nameserver> servers) {
  std::vector<Upstream> upstreams;
  for (const Nameserver& server : servers)
    if (const auto link = link_of(server.scope))
      upstreams.push_back({.address = server.address, .link = *link});
  return upstreams;
}

Forwarder::Forwarder(std::vector<Upstream> upstreams, std::chrono::milliseconds patience,
                     Deliver deliver)
    : upstreams_(std::move(upstreams)),
      avoided_until_(upstreams_.size()),
      // A datagram may get lost: a server that is alone is asked twice.
      most_tries_(std::max(2U, static_cast<unsigned>(upstreams_.size()))),
      try_limit_(patience / most_tries_),
      deliver_(std::move(deliver)),
      buffer_(dns::kMostMessage, '\0') {}

void Forwarder::start(const Asker& asker, dns::Query query, std::string message,
                      Clock::time_point now) {
  Flight flight{.asker = asker,
                .query = std::move(query),
                .message = std::move(message),
                .refusal = {},
                .asked = std::vector<bool>(upstreams_.size()),
                .socket = {},
                .out = {},
                .in = {},
                .deadline = {}};
  if (upstreams_.empty() || flights_.size() >= kMostAtOnce) return finish(flight, {});
  try_next(flight, now);
  if (!flight.is_done) flights_.push_back(std::move(flight));
}

// The first that was not asked yet, if possible one that answers.
std::size_t Forwarder::choose(const Flight& flight, Clock::time_point now) const {
  for (const bool avoided_too : {false, true})
    for (std::size_t i = 0; i < upstreams_.size(); ++i)
      if (!flight.asked[i] && (avoided_too || avoided_until_[i] <= now)) return i;
  return 0;
}

bool Forwarder::begin_try(Flight& flight) {
  const Upstream& upstream = upstreams_[flight.upstream];
  const auto peer = sys::inet_address(upstream.address.bytes(), upstream.port, upstream.link);
  auto socket = flight.is_tcp() ? sys::begin_connection(peer) : sys::open_datagrams(peer);
  if (!socket) return false;
  flight.socket = *std::move(socket);
  flight.id = static_cast<std::uint16_t>(sys::random_number());
  dns::set_id(flight.message, flight.id);
  flight.in.clear();
  if (flight.is_tcp()) {
    flight.out = with_length(flight.message);
    return true;
  }
  return sys::send_some(flight.socket.borrow(), flight.message).has_value();
}

void Forwarder::try_next(Flight& flight, Clock::time_point now) {
  while (flight.tries < most_tries_) {
    ++flight.tries;
    flight.upstream = choose(flight, now);
    flight.asked[flight.upstream] = true;
    flight.deadline = now + try_limit_;
    if (begin_try(flight)) return;
    avoided_until_[flight.upstream] = now + kAvoided;
  }
  finish(flight, std::move(flight.refusal));
}

// Without an answer: the server failed, as far as the client can know.
void Forwarder::finish(Flight& flight, std::string answer) {
  if (answer.empty())
    answer = dns::answer_code(flight.query, Rcode::kServFail, dns::Authority::kNone);
  dns::set_id(answer, flight.query.id);
  if (!flight.is_tcp() && answer.size() > dns::datagram_limit(flight.query))
    answer = dns::answer_truncated(flight.query);
  flight.is_done = true;
  flight.socket.reset();
  deliver_(flight.asker, std::move(answer));
}

Forwarder::Progress Forwarder::receive_datagrams(Flight& flight) {
  constexpr int kMostAtATime = 16;  // forged ones must not keep everything else waiting
  for (int i = 0; i < kMostAtATime; ++i) {
    const auto n = sys::receive_some(flight.socket.borrow(), buffer_);
    if (!n) return Progress::kFailed;
    if (!*n) return Progress::kWaiting;
    const std::string_view message = std::string_view(buffer_).substr(0, **n);
    if (!dns::is_answer(message, flight.query, flight.id)) continue;
    flight.in = message;
    return Progress::kAnswered;
  }
  return Progress::kWaiting;
}

Forwarder::Progress Forwarder::move_stream(Flight& flight) {
  if (!flight.out.empty()) {
    const auto sent = sys::send_some(flight.socket.borrow(), flight.out);
    if (!sent) return Progress::kFailed;
    flight.out.erase(0, sent->value_or(0));
    return Progress::kWaiting;
  }
  constexpr std::size_t kPiece = 16384;
  const std::size_t before = flight.in.size();
  flight.in.resize(before + kPiece);
  const auto n =
      sys::receive_some(flight.socket.borrow(), std::span(flight.in).subspan(before, kPiece));
  flight.in.resize(before + (n && *n ? **n : 0));
  if (!n || (*n && **n == 0)) return Progress::kFailed;
  const auto size = whole_size(flight.in);
  if (!size || flight.in.size() < *size) return Progress::kWaiting;
  flight.in = flight.in.substr(2, *size - 2);
  return dns::is_answer(flight.in, flight.query, flight.id) ? Progress::kAnswered
                                                            : Progress::kFailed;
}

void Forwarder::take_answer(Flight& flight, Clock::time_point now) {
  avoided_until_[flight.upstream] = {};
  const bool is_last = std::ranges::find(flight.asked, false) == flight.asked.end();
  if (is_last || !is_refusal(dns::code_of(flight.in))) return finish(flight, std::move(flight.in));
  flight.refusal = std::move(flight.in);
  try_next(flight, now);
}

void Forwarder::advance(Flight& flight, Clock::time_point now) {
  switch (flight.is_tcp() ? move_stream(flight) : receive_datagrams(flight)) {
    case Progress::kWaiting:
      return;
    case Progress::kFailed:
      avoided_until_[flight.upstream] = now + kAvoided;
      return try_next(flight, now);
    case Progress::kAnswered:
      return take_answer(flight, now);
  }
}

Forwarder::Clock::time_point Forwarder::deadline() const {
  auto first = Clock::time_point::max();
  for (const Flight& flight : flights_) first = std::min(first, flight.deadline);
  return first;
}

void Forwarder::add_polls(std::vector<pollfd>& polls) const {
  for (const Flight& flight : flights_) {
    const bool is_to_send = !flight.out.empty();
    polls.push_back({.fd = flight.socket.borrow().get(),
                     .events = static_cast<short>(is_to_send ? POLLOUT : POLLIN),
                     .revents = 0});
  }
}

void Forwarder::handle(std::span<const pollfd> polls, Clock::time_point now) {
  for (std::size_t i = 0; i < polls.size(); ++i) {
    Flight& flight = flights_[i];
    if (polls[i].revents != 0) advance(flight, now);
    if (flight.is_done || flight.deadline > now) continue;
    avoided_until_[flight.upstream] = now + kAvoided;
    try_next(flight, now);
  }
  std::erase_if(flights_, [](const Flight& flight) { return flight.is_done; });
}

}  // namespace planet::network
