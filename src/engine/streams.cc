#include "engine/streams.h"

#include "sys/file.h"
#include "sys/pipe.h"

namespace planet::engine {

Result<Streams> Streams::make(bool interactive, bool terminal) {
  Streams streams;
  if (terminal) return streams;
  TRY_SET(sys::Pipe out, sys::make_pipe());
  TRY_SET(sys::Pipe err, sys::make_pipe());
  streams.out = std::move(out.write);
  streams.err = std::move(err.write);
  streams.connections.container_out = std::move(out.read);
  streams.connections.container_err = std::move(err.read);
  if (!interactive) {
    TRY_SET(streams.in, sys::open_at(sys::kCwd, "/dev/null", O_RDONLY));
    return streams;
  }
  TRY_SET(sys::Pipe in, sys::make_pipe());
  streams.in = std::move(in.read);
  streams.connections.container_in = std::move(in.write);
  return streams;
}

std::optional<runtime::Stdio> Streams::stdio() const {
  if (!in.valid()) return std::nullopt;
  return runtime::Stdio{.in = in.borrow(), .out = out.borrow(), .err = err.borrow()};
}

void Streams::close_container_ends() {
  in.reset();
  out.reset();
  err.reset();
}

void connect_caller(runtime::Connections& connections, const Attached& attached, bool interactive) {
  if (interactive && attached.in) connections.caller_in = BorrowedFd(0);
  if (attached.out) connections.caller_out = BorrowedFd(1);
  if (attached.err) connections.caller_err = BorrowedFd(2);
}

}  // namespace planet::engine
