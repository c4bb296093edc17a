#include "engine/clients.h"

#include <cerrno>
#include <charconv>

#include "base/strings.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace planet::engine {
namespace {

constexpr std::size_t kMostClients = 64;
constexpr std::size_t kMostMessage = 4096;
constexpr std::size_t kSafeWrite =
    4096;  // poll(2) calls a pipe writable that takes this much (pipe(7), PIPE_BUF)
constexpr std::size_t kBuffer = 4096;
constexpr std::int64_t kPatience = 1'000'000'000;  // ns

// The same file, opened anew so that it never blocks; with its own descriptor where that is not possible (a socket) or
// would lose the place in it (a file).
UniqueFd reopened(UniqueFd fd, int access, bool& blocking) {
  const auto st = sys::stat_fd(fd.borrow());
  blocking = !st || !S_ISREG(st->st_mode);
  if (!st || !(S_ISFIFO(st->st_mode) || S_ISCHR(st->st_mode))) return fd;
  auto again = sys::reopen(fd.borrow(), access | O_NONBLOCK | O_NOCTTY);
  if (!again) return fd;
  blocking = false;
  return *std::move(again);
}

bool ready_now(BorrowedFd fd, short events) {
  pollfd query{.fd = fd.get(), .events = events, .revents = 0};
  const auto ready = sys::wait_ready(std::span(&query, 1), 0);
  return ready && *ready > 0;
}

std::string from_hex(std::string_view text) {
  std::string bytes;
  for (std::size_t i = 0; i + 1 < text.size(); i += 2) {
    const auto byte = parse_number<unsigned>(text.substr(i, 2), "key", 16);
    if (byte) bytes += static_cast<char>(*byte);
  }
  return bytes;
}

// Of two times to wait, -1 for ever.
int shorter(int a, int b) {
  if (a < 0 || b < 0) return std::max(a, b);
  return std::min(a, b);
}

pollfd wait_for(const UniqueFd& fd, bool wanted, short events) {
  if (!wanted || !fd.valid()) return Attendant::kNothing;
  return {.fd = fd.borrow().get(), .events = events, .revents = 0};
}

}  // namespace

void Clients::add_first(UniqueFd socket, UniqueFd in, UniqueFd out, UniqueFd err,
                        const std::string& keys) {
  Client& client = clients_.emplace_back();
  client.socket = std::move(socket);
  client.watches = true;  // it waits for the end, also without a stream
  bool blocking = false;
  if (in.valid()) client.in = reopened(std::move(in), O_RDONLY, blocking);
  if (out.valid()) client.out.fd = reopened(std::move(out), O_WRONLY, client.out.blocking);
  if (err.valid()) client.err.fd = reopened(std::move(err), O_WRONLY, client.err.blocking);
  client.keys = DetachKeys(kind_.terminal ? keys : "");
  client.hangs_up = true;
}

void Clients::say(const std::string& text) {
  for (const Client& client : clients_)
    if (client.watches) (void)sys::send_message(client.socket.borrow(), "say " + text);
}

void Clients::finish(int status, bool last) {
  for (Client& client : clients_) {
    if (!client.watches && !(last && client.waits)) continue;
    (void)sys::send_message(client.socket.borrow(), "exit " + std::to_string(status));
    client.gone = true;
  }
  forget_gone();
}

void Clients::forget_gone() {
  for (const Client& client : clients_)
    if (client.gone && client.holds) (void)answer_("release");
  std::erase_if(clients_, [](const Client& client) { return client.gone; });
}

void Clients::output(runtime::Stream stream, std::string_view bytes) {
  if (log_ != nullptr) log_->output(stream, bytes);
  for (Client& client : clients_)
    push(stream == runtime::Stream::kOut ? client.out : client.err, bytes);
}

void Clients::connect(const sys::Child* process, std::optional<BorrowedFd> input) {
  process_ = process;
  input_ = input;
  if (!input_) typed_.clear();
}

void Clients::push(Sink& sink, std::string_view bytes) {
  if (!sink.fd.valid() || sink.stuck) return;
  if (sink.pending.empty()) sink.since = sys::monotonic_ns();
  sink.pending += bytes;
  drain(sink);
}

void Clients::drain(Sink& sink) {
  while (!sink.pending.empty()) {
    if (sink.blocking && !ready_now(sink.fd.borrow(), POLLOUT)) return;
    const auto n =
        sys::write_some(sink.fd.borrow(), std::string_view(sink.pending).substr(0, kSafeWrite));
    if (!n && n.error().sys_errno() == EAGAIN) return;
    if (!n) {  // its reader is gone
      sink = Sink{};
      return;
    }
    sink.pending.erase(0, *n);
    sink.since = sys::monotonic_ns();
    sink.stuck = false;
  }
}

bool Clients::holds_output() const {
  for (const Client& client : clients_)
    for (const Sink* sink : {&client.out, &client.err})
      if (!sink->pending.empty() && !sink->stuck) return true;
  return false;
}

int Clients::patience() const {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  int least = -1;
  for (const Attendant* attendant : attendants_) least = shorter(least, attendant->patience());
  for (const Client& client : clients_)
    for (const Sink* sink : {&client.out, &client.err}) {
      if (sink->pending.empty() || sink->stuck) continue;
      const std::int64_t left = sink->since + kPatience - sys::monotonic_ns();
      least = shorter(least, left <= 0 ? 0 : static_cast<int>(left / kNsPerMs) + 1);
    }
  return least;
}

void Clients::watch(std::vector<pollfd>& set) {
  set.push_back(wait_for(listener_, clients_.size() < kMostClients, POLLIN));
  set.push_back(input_ && !typed_.empty()
                    ? pollfd{.fd = input_->get(), .events = POLLOUT, .revents = 0}
                    : Attendant::kNothing);
  for (const Client& client : clients_) {
    set.push_back(wait_for(client.socket, true, POLLIN));
    set.push_back(wait_for(client.in, can_type(), POLLIN));
    set.push_back(wait_for(client.out.fd, !client.out.pending.empty(), POLLOUT));
    set.push_back(wait_for(client.err.fd, !client.err.pending.empty(), POLLOUT));
  }
  for (const Attendant* attendant : attendants_) attendant->watch(set);
}

void Clients::serve(std::span<const pollfd> waited) {
  if (waited[1].revents != 0) write_input();
  std::size_t at = 2;
  for (Client& client : clients_) {
    if (at + kOfClient > waited.size()) break;
    serve_client(client, waited.subspan(at, kOfClient));
    at += kOfClient;
  }
  auto of_attendants = waited.last(attendants_.size() * Attendant::kWatched);
  for (Attendant* attendant : attendants_) {
    attendant->serve(of_attendants.first(Attendant::kWatched));
    of_attendants = of_attendants.subspan(Attendant::kWatched);
  }
  forget_gone();
  if (waited[0].revents != 0) accept();
}

void Clients::serve_client(Client& client, std::span<const pollfd> ready) {
  if (ready[0].revents != 0) hear(client);
  if (ready[1].revents != 0 && can_type()) read_input(client);
  if (ready[2].revents != 0) drain(client.out);
  if (ready[3].revents != 0) drain(client.err);
  for (Sink* sink : {&client.out, &client.err})
    if (!sink->pending.empty() && sys::monotonic_ns() - sink->since >= kPatience)
      sink->stuck = true;
}

void Clients::accept() {
  auto socket = sys::accept_one(listener_.borrow());
  if (!socket) return;
  const auto user = sys::peer_user(socket->borrow());
  if (user && *user == sys::own_user()) clients_.emplace_back().socket = *std::move(socket);
}

void Clients::hear(Client& client) {
  auto message = sys::receive_message(client.socket.borrow(), kMostMessage);
  if (!message || message->bytes.empty())
    client.gone = true;
  else
    obey(client, message->bytes, std::move(message->fds));
}

void Clients::obey(Client& client, const std::string& message, std::vector<UniqueFd> fds) {
  const std::string_view text = message;
  if (text.starts_with("attach ")) return attach(client, text.substr(7), std::move(fds));
  if (text.starts_with("size ")) return set_size(text.substr(5));
  Result<> done;
  if (text == "wait") {
    client.waits = true;
  } else if (text.starts_with("signal ")) {
    const auto number = parse_number<int>(text.substr(7), "signal");
    if (number && process_ != nullptr) done = process_->send_signal(*number);
  } else if (text != "hold" || !client.holds) {
    done = answer_(text);
    client.holds = client.holds || (text == "hold" && done);
  }
  (void)sys::send_message(client.socket.borrow(),
                          done ? "ok" : "error " + done.error().to_string());
}

void Clients::attach(Client& client, std::string_view words, std::vector<UniqueFd> fds) {
  const std::size_t blank = words.find(' ');
  const std::string_view mode = words.substr(0, blank);
  std::size_t next = 0;
  bool blocking = false;
  const auto take = [&](char letter) {
    return mode.contains(letter) && next < fds.size() ? std::move(fds[next++]) : UniqueFd();
  };
  if (UniqueFd in = take('i'); in.valid()) client.in = reopened(std::move(in), O_RDONLY, blocking);
  if (UniqueFd out = take('o'); out.valid())
    client.out.fd = reopened(std::move(out), O_WRONLY, client.out.blocking);
  if (UniqueFd err = take('e'); err.valid())
    client.err.fd = reopened(std::move(err), O_WRONLY, client.err.blocking);
  client.watches = true;
  client.hangs_up = mode.contains('t');
  if (blank != std::string_view::npos && kind_.terminal)
    client.keys = DetachKeys(from_hex(words.substr(blank + 1)));
}

void Clients::set_size(std::string_view words) const {
  const auto parts = split(words, ' ');
  if (parts.size() != 2 || !kind_.terminal || !input_) return;
  const auto rows = parse_number<unsigned short>(parts[0], "rows");
  const auto columns = parse_number<unsigned short>(parts[1], "columns");
  if (!rows || !columns) return;
  (void)sys::set_window_size(*input_,
                             {.ws_row = *rows, .ws_col = *columns, .ws_xpixel = 0, .ws_ypixel = 0});
}

void Clients::read_input(Client& client) {
  std::string buffer(kBuffer, '\0');
  const auto n = sys::read_some(client.in.borrow(), buffer);
  if (!n && n.error().sys_errno() == EAGAIN) return;
  if (!n || *n == 0) return input_ended(client);
  bool detached = false;
  typed_ += client.keys.filter(std::string_view(buffer).substr(0, *n), detached);
  write_input();
  if (detached) leave(client);
}

void Clients::input_ended(Client& client) {
  client.in.reset();
  // A terminal has another end only when it hangs up, and then so does the container's.
  input_over_ = kind_.terminal ? client.hangs_up : kind_.input_once;
}

void Clients::leave(Client& client) {
  (void)sys::send_message(client.socket.borrow(), "detached");
  client.gone = true;
}

void Clients::write_input() {
  if (!input_ || typed_.empty() || !ready_now(*input_, POLLOUT)) return;
  const auto n = sys::write_some(*input_, std::string_view(typed_).substr(0, kSafeWrite));
  if (n)
    typed_.erase(0, *n);
  else if (n.error().sys_errno() != EAGAIN)
    typed_.clear();  // it has closed its input
}

}  // namespace planet::engine
