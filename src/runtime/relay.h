// Relay: carries bytes between a container and whoever holds it, passes signals on, and waits for the end. One loop
// for a foreground run, for exec, for planet-runtime and for a keeper, which differ only in what they connect.
//
// Source: poll(2), pidfd_open(2), signalfd(2).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace planet::runtime {

enum class Stream : std::uint8_t { kOut, kErr };

// Sees a container's output as it passes: a log.
class OutputTap {
 public:
  OutputTap() = default;
  OutputTap(const OutputTap&) = delete;
  OutputTap& operator=(const OutputTap&) = delete;
  OutputTap(OutputTap&&) = delete;
  OutputTap& operator=(OutputTap&&) = delete;
  virtual ~OutputTap() = default;
  virtual void output(Stream stream, std::string_view bytes) = 0;
};

// Whoever else takes part in a relay: clients that come and go, timers. It waits and is served in the same loop.
class Companion : public OutputTap {
 public:
  // The process and where its input goes (none if it has none, or when it is over), before the first turn and after the
  // end. They are lent until the next call.
  virtual void connect(const sys::Child* process, std::optional<BorrowedFd> input) = 0;
  virtual void watch(std::vector<pollfd>& set) = 0;        // appends what it waits for
  virtual void serve(std::span<const pollfd> waited) = 0;  // the same, with what is ready
  virtual int patience() const = 0;  // milliseconds until it wants to be served anyhow; -1: never
  virtual bool holds_output() const = 0;  // somebody has yet to take what came before
  virtual bool ends_input() = 0;          // true once: the process's input is over
};

// What is connected. The container's ends are owned and closed when their stream ends; the caller's are lent. A
// caller's end that is absent swallows output, or gives no input.
struct Connections {
  UniqueFd container_in, container_out, container_err;  // our ends of the container's pipes
  UniqueFd terminal;                                    // the master, instead of the three
  std::optional<BorrowedFd> caller_in, caller_out, caller_err;
  OutputTap* tap = nullptr;
  Companion* companion = nullptr;
};

// Relays until the process has ended and its output is drained. With a terminal on both sides, the caller's is in
// raw mode meanwhile and its size is followed; its modes are restored on every way out.
// A signal that arrives at us goes to the process, but for SIGCHLD, SIGPIPE, SIGURG and SIGWINCH.
// `signals` was opened before the launch, so that none is lost.
Result<sys::ExitStatus> relay(sys::Child& process, Connections connections, sys::SignalFd& signals);

}  // namespace planet::runtime
