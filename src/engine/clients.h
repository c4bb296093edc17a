// The clients of a container's keeper: whoever shows its output, types into it, or wants something of it. They come
// through a socket in the run directory, and hand over their own input and output as descriptors; the keeper reads and
// writes those itself.
//
// A client that does not take its output holds up the container for a second at most. From then on it gets nothing, and
// what is written meanwhile it never sees (the log has it), until it takes something again. One that is gone is
// forgotten, and the container goes on. Where it can be, a client's descriptor is opened anew without blocking, so that
// nothing is changed for whoever shares it.
//
// Messages, one packet each:
//   to the keeper                                to the client
//     "attach MODE KEYS" with descriptors          "ok", "error TEXT"   the answer to each message but attach and size
//     "size ROWS COLUMNS"                          "started"            to the first client: the command runs
//                                                  "say TEXT"           a word to whoever watches
//     "signal NUMBER"                              "exit STATUS"        it is over; the last message
//     "stop": it is not to be started again        "detached"           the detach keys were typed
//     "pause", "unpause", "reload", "wait"
//     "connect NETWORK", "disconnect NETWORK"
//     "hold": it is paused until this client is gone
// MODE is of the letters i o e t: which descriptors come, in this order; t: the end of its input is the terminal's end.
// KEYS are the detach keys in hexadecimal.
//
// Source: unix(7), SCM_RIGHTS, SO_PEERCRED.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/attendant.h"
#include "engine/detach_keys.h"
#include "runtime/relay.h"

namespace planet::engine {

class Clients : public runtime::Companion {
 public:
  // What the keeper does for them: "stop", "pause", "unpause", "reload", "connect NETWORK", "disconnect NETWORK", "hold"; and
  // "release" when one that holds is gone.
  using Answer = std::function<Result<>(std::string_view wish)>;

  struct Kind {
    bool terminal = false;    // the container has one
    bool input_once = false;  // the end of a client's input is the end of the container's
  };
  Clients(Kind kind, runtime::OutputTap* log, Answer answer)
      : kind_(kind), log_(log), answer_(std::move(answer)) {}

  void listen(UniqueFd listener) { listener_ = std::move(listener); }
  // Lent for good: it waits and is served with the clients.
  void add_attendant(Attendant* attendant) { attendants_.push_back(attendant); }
  // One that is connected already, and its descriptors (an invalid one: none).
  void add_first(UniqueFd socket, UniqueFd in, UniqueFd out, UniqueFd err, const std::string& keys);
  // Says something to those who watch: "say TEXT".
  void say(const std::string& text);
  // One run is over: those who watched are told. `last`: so are those who wait for the end.
  void finish(int status, bool last);

  void output(runtime::Stream stream, std::string_view bytes) override;
  void connect(const sys::Child* process, std::optional<BorrowedFd> input) override;
  void watch(std::vector<pollfd>& set) override;
  void serve(std::span<const pollfd> waited) override;
  int patience() const override;
  bool holds_output() const override;
  bool ends_input() override { return std::exchange(input_over_, false); }

 private:
  // One of a client's outputs, and what it has yet to take.
  struct Sink {
    UniqueFd fd;
    bool blocking = false;  // it could not be opened anew
    std::string pending;
    std::int64_t since = 0;  // when `pending` came
    bool stuck = false;      // it is not waited for any more
  };
  struct Client {
    UniqueFd socket;
    UniqueFd in;
    Sink out, err;
    DetachKeys keys;
    bool watches = false, waits = false, holds = false, gone = false;
    bool hangs_up = false;  // its terminal is the container's
  };

  void accept();
  void serve_client(Client& client, std::span<const pollfd> ready);
  void hear(Client& client);
  void obey(Client& client, const std::string& message, std::vector<UniqueFd> fds);
  void attach(Client& client, std::string_view words, std::vector<UniqueFd> fds);
  void read_input(Client& client);
  void input_ended(Client& client);
  void leave(Client& client);
  void forget_gone();
  void write_input();
  void set_size(std::string_view words) const;
  static void push(Sink& sink, std::string_view bytes);
  static void drain(Sink& sink);
  bool can_type() const { return input_ && typed_.empty(); }

  Kind kind_;
  runtime::OutputTap* log_;
  Answer answer_;
  UniqueFd listener_;
  std::list<Client> clients_;
  const sys::Child* process_ = nullptr;
  std::optional<BorrowedFd> input_;
  std::string typed_;  // on its way to the container
  bool input_over_ = false;
  std::vector<Attendant*> attendants_;
  // What `watch` has appended, in this order: the listener, the container's input, four of each client, those of the
  // attendants.
  static constexpr std::size_t kOfClient = 4;
};

}  // namespace planet::engine
