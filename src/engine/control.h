// The other end of a keeper's socket (engine/clients.h): asking it for something, and being its client.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/places.h"
#include "sys/signals.h"

namespace planet::engine {

// The name of the socket of container `id` in the run directory.
std::string control_socket(const std::string& id);

// A socket that listens there, for its keeper. What a dead keeper has left is replaced.
Result<UniqueFd> listen_for_clients(const Places& places, const std::string& id);

// Errors: kNotFound - nobody keeps it, or not yet.
Result<UniqueFd> connect_to_keeper(const Places& places, const std::string& id);

// Sends a wish and waits for the answer.
// Errors: kNotFound - nobody keeps it; else what the keeper says.
Result<> ask(BorrowedFd keeper, std::string_view wish);
Result<> ask_keeper(const Places& places, const std::string& id, std::string_view wish);

struct AttachOptions {
  bool input = false, output = true, error = true;
  bool terminal = false;                        // the container has one
  bool pass_signals = true;                     // a signal that arrives here goes to the container
  std::string detach_keys;                      // as bytes
  std::function<void(const std::string&)> say;  // a word to the user
};

// Hands over descriptors 0, 1 and 2, as far as asked.
Result<> send_attach(BorrowedFd keeper, const AttachOptions& options);

struct Ended {
  std::optional<int> status;  // none: the detach keys were typed
};
// The client's part until the container ends or is left. With a terminal, the caller's is in raw mode meanwhile.
// Errors: kSystem - the keeper died.
Result<Ended> be_client(BorrowedFd keeper, const AttachOptions& options, sys::SignalFd& signals);

}  // namespace planet::engine
