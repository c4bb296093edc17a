// The pipes between a container and its keeper.
#pragma once

#include <optional>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/request.h"
#include "runtime/launch.h"
#include "runtime/relay.h"

namespace planet::engine {

// Both ends of a container's streams. Its own ends are closed here once it has them.
struct Streams {
  UniqueFd in, out, err;             // the container's ends
  runtime::Connections connections;  // the keeper's

  // `interactive`: its input is the caller's; else it has none. With `terminal` there are no pipes.
  static Result<Streams> make(bool interactive, bool terminal);
  std::optional<runtime::Stdio> stdio() const;
  void close_container_ends();
};

// Connects what is the caller's: descriptors 0, 1 and 2.
void connect_caller(runtime::Connections& connections, const Attached& attached, bool interactive);

}  // namespace planet::engine
