#include "runtime/relay.h"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "runtime/raw_mode.h"
#include "sys/file.h"
#include "sys/terminal.h"

namespace planet::runtime {
namespace {

// A pipe or terminal that poll calls writable takes this much without blocking (pipe(7), PIPE_BUF).
constexpr std::size_t kSafeWrite = 4096;
constexpr std::size_t kBuffer = 16384;

// One direction: what was read and is not yet written.
class Flow {
 public:
  Flow(std::optional<BorrowedFd> from, std::optional<BorrowedFd> to) : from_(from), to_(to) {
    const auto st =
        to ? sys::stat_fd(*to) : Result<struct stat>(std::unexpected(Error(Code::kNotFound, "")));
    if (st && S_ISREG(st->st_mode)) most_write_ = kBuffer;
  }

  bool reading() const { return from_.has_value() && pending_.empty(); }
  bool writing() const { return !pending_.empty(); }
  bool ended() const { return !from_ && pending_.empty(); }
  BorrowedFd from() const { return *from_; }
  BorrowedFd to() const { return *to_; }
  void stop_reading() { from_.reset(); }
  void drop() {
    from_.reset();
    pending_ = {};
  }

  // Reads once; the bytes, or none at the end. EIO is how a terminal's master reports that no slave is open.
  std::string_view fill() {
    buffer_.resize(kBuffer);
    const auto n = sys::read_some(*from_, buffer_);
    if (!n && n.error().sys_errno() == EAGAIN) return {};
    if (!n || *n == 0) {
      from_.reset();
      return {};
    }
    const std::string_view got(buffer_.data(), *n);
    if (to_) pending_ = got;
    return got;
  }

  // Writes once. A reader that is gone ends the flow: the container then sees its pipe closed.
  void drain() {
    const auto n = sys::write_some(*to_, pending_.substr(0, most_write_));
    if (n) {
      pending_.remove_prefix(*n);
    } else if (n.error().sys_errno() != EAGAIN) {
      pending_ = {};
      to_.reset();
      from_.reset();
    }
  }

 private:
  std::optional<BorrowedFd> from_, to_;
  std::string buffer_;
  std::string_view pending_;
  std::size_t most_write_ = kSafeWrite;
};

class Relay {
 public:
  Relay(sys::Child& process, Connections connections, sys::SignalFd& signals)
      : process_(process),
        ends_(std::move(connections)),
        signals_(signals),
        raw_(callers_terminal()),
        in_(ends_.caller_in, input_end()),
        out_(output_end(), ends_.caller_out),
        err_(borrow(ends_.container_err), ends_.caller_err) {
    if (ends_.terminal.valid()) raw_.follow_size(ends_.terminal.borrow());
    if (!input_end()) in_.stop_reading();
    if (ends_.companion != nullptr) ends_.companion->connect(&process_, input_end());
  }

  Result<sys::ExitStatus> run() {
    while (!finished()) TRY(turn());
    if (ends_.companion != nullptr) ends_.companion->connect(nullptr, std::nullopt);
    return process_.wait();
  }

 private:
  static std::optional<BorrowedFd> borrow(const UniqueFd& fd) {
    return fd.valid() ? std::optional(fd.borrow()) : std::nullopt;
  }
  std::optional<BorrowedFd> callers_terminal() const {
    if (!ends_.terminal.valid() || !ends_.caller_in || !sys::is_terminal(*ends_.caller_in))
      return std::nullopt;
    return ends_.caller_in;
  }
  std::optional<BorrowedFd> input_end() const {
    return ends_.terminal.valid() ? borrow(ends_.terminal) : borrow(ends_.container_in);
  }
  std::optional<BorrowedFd> output_end() const {
    return ends_.terminal.valid() ? borrow(ends_.terminal) : borrow(ends_.container_out);
  }

  bool held() const { return ends_.companion != nullptr && ends_.companion->holds_output(); }
  bool finished() const { return exited_ && out_.ended() && err_.ended() && !held(); }

  // Waits for whatever is next and handles it.
  Result<> turn() {
    constexpr std::size_t kOwn = 5;
    const bool held_back = held();
    set_.resize(kOwn);
    set_[0] = {.fd = signals_.fd().get(), .events = POLLIN, .revents = 0};
    set_[1] = {.fd = exited_ ? -1 : process_.pidfd().get(), .events = POLLIN, .revents = 0};
    set_[2] = watch(in_);
    set_[3] = held_back && out_.reading() ? kNothing : watch(out_);
    set_[4] = held_back && err_.reading() ? kNothing : watch(err_);
    if (ends_.companion != nullptr) ends_.companion->watch(set_);
    TRY_SET(const int ready,
            sys::wait_ready(set_, shorter(patience(held_back), companion_patience())));
    if (ready == 0 && exited_ && !held_back && !out_.writing() && !err_.writing()) {
      out_.stop_reading();
      err_.stop_reading();
    }
    if (set_[0].revents != 0) pass_signals();
    if (set_[1].revents != 0) note_exit();
    if (set_[2].revents != 0) move(in_, std::nullopt);
    if (set_[3].revents != 0) move(out_, Stream::kOut);
    if (set_[4].revents != 0) move(err_, Stream::kErr);
    if (ends_.companion == nullptr) return {};
    ends_.companion->serve(std::span<const pollfd>(set_).subspan(kOwn));
    if (ends_.companion->ends_input()) end_input();
    return {};
  }

  static int shorter(int a, int b) { return a < 0 ? b : b < 0 ? a : std::min(a, b); }
  int companion_patience() const {
    return ends_.companion == nullptr ? -1 : ends_.companion->patience();
  }

  void end_input() {
    ends_.companion->connect(&process_, std::nullopt);
    ends_.container_in.reset();
    if (ends_.terminal.valid()) hang_up();
  }

  static constexpr pollfd kNothing = {.fd = -1, .events = 0, .revents = 0};
  static pollfd watch(const Flow& flow) {
    if (flow.writing()) return {.fd = flow.to().get(), .events = POLLOUT, .revents = 0};
    if (flow.reading()) return {.fd = flow.from().get(), .events = POLLIN, .revents = 0};
    return kNothing;
  }

  void move(Flow& flow, std::optional<Stream> stream) {
    if (flow.writing()) {
      flow.drain();
      return;
    }
    const std::string_view got = flow.fill();
    if (stream && ends_.tap != nullptr && !got.empty()) ends_.tap->output(*stream, got);
    if (stream || !flow.ended()) return;
    // The end of the caller's input is the end of the container's; a terminal's stays open ...
    ends_.container_in.reset();
    if (raw_.active()) hang_up();
  }

  // ... unless the caller's own has hung up, for in raw mode it has no other end. SIGHUP alone, passed on as any signal,
  // is lost on a process 1 that does not listen, or not yet; the end of its terminal is not.
  void hang_up() {
    out_.drop();
    ends_.terminal.reset();
  }

  void pass_signals() {
    while (const auto signal = signals_.take()) {
      if (*signal == SIGWINCH && ends_.terminal.valid()) raw_.follow_size(ends_.terminal.borrow());
      if (*signal == SIGCHLD || *signal == SIGPIPE || *signal == SIGURG || *signal == SIGWINCH)
        continue;
      (void)process_.send_signal(*signal);
    }
  }

  // How long to wait, in milliseconds. All that the container's processes wrote before the end is in the pipes by
  // then, so what is there is taken and it is over: children that an exec'd process leaves behind may hold its
  // streams for ever. A terminal passes bytes on by a kernel thread, which may lag.
  int patience(bool held_back) const {
    constexpr int kTerminalLag = 100;
    if (!exited_ || held_back || out_.writing() || err_.writing()) return -1;
    return ends_.terminal.valid() ? kTerminalLag : 0;
  }

  void note_exit() {
    exited_ = true;
    in_.stop_reading();
    if (ends_.companion != nullptr) ends_.companion->connect(&process_, std::nullopt);
  }

  sys::Child& process_;
  Connections ends_;
  sys::SignalFd& signals_;
  RawMode raw_;
  Flow in_, out_, err_;
  std::vector<pollfd> set_;
  bool exited_ = false;
};

}  // namespace

Result<sys::ExitStatus> relay(sys::Child& process, Connections connections,
                              sys::SignalFd& signals) {
  return Relay(process, std::move(connections), signals).run();
}

}  // namespace planet::runtime
