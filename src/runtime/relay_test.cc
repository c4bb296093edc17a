#include "runtime/relay.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <string>

#include "sys/file.h"

namespace planet::runtime {
namespace {

struct Pipe {
  UniqueFd read, write;
  Pipe() {
    int ends[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
    read = UniqueFd(ends[0]);
    write = UniqueFd(ends[1]);
  }
};

class Tap : public OutputTap {
 public:
  void output(Stream stream, std::string_view bytes) override {
    (stream == Stream::kOut ? out : err) += bytes;
  }
  std::string out, err;
};

// A shell command as the "container", with pipes.
struct Shell {
  Pipe in, out, err;
  sys::Child child;
  explicit Shell(const char* command) {
    auto cloned = sys::clone_process({});
    EXPECT_TRUE(cloned);
    if (!cloned->valid()) {
      (void)sys::place_fd(in.read.borrow(), 0);
      (void)sys::place_fd(out.write.borrow(), 1);
      (void)sys::place_fd(err.write.borrow(), 2);
      sys::reset_signals();
      sys::execute("/bin/sh", {"sh", "-c", command}, {"PATH=/usr/bin:/bin"});
      sys::exit_now(127);
    }
    child = *std::move(cloned);
    in.read.reset();
    out.write.reset();
    err.write.reset();
  }
  Connections connections(Tap* tap) {
    Connections ends;
    ends.container_in = std::move(in.write);
    ends.container_out = std::move(out.read);
    ends.container_err = std::move(err.read);
    ends.tap = tap;
    return ends;
  }
};

TEST(Relay, KeepsOutputAndErrorsApartAndPassesTheStatusOn) {
  auto signals = sys::SignalFd::open();
  Shell shell("echo one; echo two >&2; exit 3");
  Tap tap;
  const auto status = relay(shell.child, shell.connections(&tap), *signals);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->shell_status(), 3);
  EXPECT_EQ(tap.out, "one\n");
  EXPECT_EQ(tap.err, "two\n");
}

TEST(Relay, InputReachesTheContainerAndItsEndToo) {
  auto signals = sys::SignalFd::open();
  Shell shell("wc -c");
  Tap tap;
  Pipe input;
  const std::string text(3000, 'x');
  ASSERT_TRUE(sys::write_all(input.write.borrow(), text));
  input.write.reset();
  Connections ends = shell.connections(&tap);
  ends.caller_in = input.read.borrow();
  ASSERT_TRUE(relay(shell.child, std::move(ends), *signals));
  EXPECT_EQ(tap.out, "3000\n");
}

TEST(Relay, LosesNothingToASlowReader) {
  auto signals = sys::SignalFd::open();
  Shell shell("head -c 3000000 /dev/zero");
  Pipe output;
  auto counter = sys::clone_process({});
  if (!counter->valid()) {
    ::usleep(200'000);
    std::size_t total = 0;
    output.write.reset();
    char buffer[65536];
    while (true) {
      const auto n = sys::read_some(output.read.borrow(), buffer);
      if (!n || *n == 0) break;
      total += *n;
    }
    sys::exit_now(total == 3'000'000 ? 0 : 1);
  }
  Connections ends = shell.connections(nullptr);
  ends.caller_out = output.write.borrow();
  ASSERT_TRUE(relay(shell.child, std::move(ends), *signals));
  output.write.reset();
  EXPECT_EQ(counter->wait()->value, 0);
}

TEST(Relay, SignalsGoToTheContainer) {
  auto signals = sys::SignalFd::open();
  Shell shell("trap 'exit 7' USR1; kill -USR1 $PPID; while :; do sleep 0.01; done");
  Tap tap;
  const auto status = relay(shell.child, shell.connections(&tap), *signals);
  EXPECT_EQ(status->shell_status(), 7);
}

TEST(Relay, DoesNotWaitForChildrenThatHoldTheStreams) {
  auto signals = sys::SignalFd::open();
  Shell shell("sleep 1 & echo done");
  Tap tap;
  const std::int64_t begin = sys::monotonic_ns();
  ASSERT_TRUE(relay(shell.child, shell.connections(&tap), *signals));
  EXPECT_EQ(tap.out, "done\n");
  EXPECT_LT(sys::monotonic_ns() - begin, 900'000'000) << "it waited for the sleep";
}

TEST(Relay, DeathBySignalIsToldAsShellsDo) {
  auto signals = sys::SignalFd::open();
  Shell shell("kill -KILL $$");
  const auto status = relay(shell.child, shell.connections(nullptr), *signals);
  EXPECT_EQ(status->shell_status(), 137);
}

}  // namespace
}  // namespace planet::runtime
