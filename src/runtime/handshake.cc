#include "runtime/handshake.h"

#include <algorithm>
#include <cstring>

#include "sys/signals.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

enum class Kind : std::uint8_t { kStage, kDone, kStep, kFailed };

// Both ends are one program after a fork, so the host's byte order and padding serve.
struct Header {
  Kind kind = Kind::kStage;
  Stage stage = Stage::kIdMap;
  std::uint8_t step = 0;  // index of a LaunchStep
  bool more = false;      // further messages with descriptors belong to this answer
  Code code = Code::kInternal;
  int err = 0;
  std::int64_t begin_ns = 0;
  std::int64_t end_ns = 0;
};

constexpr std::size_t kMostText = 8192;
constexpr std::size_t kFdsPerMessage = 100;

const char* name_of(Stage stage) {
  switch (stage) {
    case Stage::kBorn:
      return "born";
    case Stage::kIdMap:
      return "id map";
    case Stage::kCgroup:
      return "control group";
    case Stage::kLimits:
      return "limits";
    case Stage::kMounts:
      return "mounts";
    case Stage::kHooks:
      return "hooks";
    case Stage::kNetwork:
      return "network";
    case Stage::kReady:
      return "ready";
  }
  return "unknown";
}

Result<> send(BorrowedFd socket, const Header& header, std::string_view text,
              std::span<const BorrowedFd> fds = {}) {
  std::string bytes(sizeof header, '\0');
  std::memcpy(bytes.data(), &header, sizeof header);
  bytes += text.substr(0, kMostText);
  return sys::send_message(socket, bytes, fds);
}

struct Received {
  bool closed = false;
  Header header;
  std::string text;
  std::vector<UniqueFd> fds;
};

Result<Received> receive(BorrowedFd socket) {
  TRY_SET(sys::Message message, sys::receive_message(socket, sizeof(Header) + kMostText));
  Received got;
  got.closed = message.bytes.empty();
  if (got.closed) return got;
  if (message.bytes.size() < sizeof(Header))
    return fail(Code::kCorrupt, "a message of the handshake is too short");
  std::memcpy(&got.header, message.bytes.data(), sizeof(Header));
  got.text = message.bytes.substr(sizeof(Header));
  got.fds = std::move(message.fds);
  return got;
}

void pass_on(StepLog* log, const Received& got) {
  if (log == nullptr || got.header.step >= kLaunchSteps) return;
  log->step(info_of(static_cast<LaunchStep>(got.header.step)), Side::kInit, got.text,
            got.header.begin_ns, got.header.end_ns);
}

// The next message that is not a step's.
Result<Received> receive_past_steps(BorrowedFd socket, StepLog* log) {
  while (true) {
    TRY_SET(Received got, receive(socket));
    if (got.closed || got.header.kind != Kind::kStep) return got;
    pass_on(log, got);
  }
}

Error error_in(const Received& got) {
  return Error::from_wire(got.header.code, got.header.err, got.text);
}

}  // namespace

Result<> Sequence::accept(Stage got) {
  if (pending_.empty() || *pending_.begin() != got)
    return fail(Code::kCorrupt, std::string("init sent \"") + name_of(got) + "\" but \"" +
                                    (pending_.empty() ? "nothing" : name_of(*pending_.begin())) +
                                    "\" is next");
  pending_.erase(pending_.begin());
  return {};
}

Result<> Sequence::end_of_file() const {
  if (pending_.empty()) return {};
  return fail(Code::kWrongState,
              std::string("init died before \"") + name_of(*pending_.begin()) + "\"");
}

Result<std::vector<UniqueFd>> ParentTalk::wait_for(Stage stage) {
  TRY_SET(Received got, receive_past_steps(socket_.borrow(), log_));
  if (got.closed) {
    TRY(end());
    return fail(Code::kCorrupt, std::string("init is past \"") + name_of(stage) + "\"");
  }
  if (got.header.kind == Kind::kFailed) return failed(error_in(got));
  TRY(sequence_.accept(got.header.stage));
  if (got.header.stage != stage)
    return fail(Code::kCorrupt, std::string("\"") + name_of(stage) + "\" is not next");
  return std::move(got.fds);
}

Result<> ParentTalk::answer(std::span<const BorrowedFd> fds) {
  do {
    const std::size_t count = std::min(fds.size(), kFdsPerMessage);
    const Header header{.kind = Kind::kDone, .more = count < fds.size()};
    TRY(send(socket_.borrow(), header, {}, fds.subspan(0, count)));
    fds = fds.subspan(count);
  } while (!fds.empty());
  return {};
}

std::unexpected<Error> ParentTalk::failed(Error error) {
  ended_ = true;
  return std::unexpected(std::move(error));
}

Result<> ParentTalk::end() {
  Result<> expected = sequence_.end_of_file();
  ended_ = true;
  died_ = !expected;
  return expected;
}

std::optional<Error> ParentTalk::last_words() {
  while (!ended_) {
    pollfd set[] = {{.fd = socket_.borrow().get(), .events = POLLIN, .revents = 0}};
    const auto ready = sys::wait_ready(set, 0);
    if (!ready || *ready == 0) return std::nullopt;
    const auto got = receive_past_steps(socket_.borrow(), log_);
    if (!got) return std::nullopt;
    if (got->header.kind == Kind::kFailed) return failed(error_in(*got)).error();
    if (!got->closed) continue;
    const Result<> expected = end();
    return expected ? std::nullopt : std::optional(expected.error());
  }
  return std::nullopt;
}

Result<> ParentTalk::wait_for_exec() {
  TRY_SET(const Received got, receive_past_steps(socket_.borrow(), log_));
  if (got.closed) return end();
  if (got.header.kind == Kind::kFailed) return failed(error_in(got));
  return fail(Code::kCorrupt, "init talks after it is ready");
}

Result<std::vector<UniqueFd>> InitTalk::ask(Stage stage, std::span<const BorrowedFd> sent) {
  TRY(tell(stage, sent));
  std::vector<UniqueFd> fds;
  bool more = true;
  while (more) {
    TRY_SET(Received got, receive(socket_.borrow()));
    if (got.closed) return planet::fail(Code::kWrongState, "the parent died");
    std::ranges::move(got.fds, std::back_inserter(fds));
    more = got.header.more;
  }
  return fds;
}

Result<> InitTalk::tell(Stage stage, std::span<const BorrowedFd> fds) {
  return send(socket_.borrow(), Header{.kind = Kind::kStage, .stage = stage}, {}, fds);
}

void InitTalk::fail(const Error& error) {
  // If this fails too, the parent sees the end of file and says that init died.
  (void)send(socket_.borrow(),
             Header{.kind = Kind::kFailed, .code = error.code(), .err = error.sys_errno()},
             error.what());
}

Result<> InitTalk::check_parent_alive() const {
  if (sys::peer_closed(socket_.borrow())) return planet::fail(Code::kWrongState, "the parent died");
  return {};
}

void InitTalk::step(const StepInfo& info, Side /*side*/, std::string_view detail,
                    std::int64_t begin_ns, std::int64_t end_ns) {
  for (int i = 0; i < kLaunchSteps; ++i) {
    if (&info_of(static_cast<LaunchStep>(i)) != &info) continue;
    (void)send(socket_.borrow(),
               Header{.kind = Kind::kStep,
                      .step = static_cast<std::uint8_t>(i),
                      .begin_ns = begin_ns,
                      .end_ns = end_ns},
               detail);
  }
}

}  // namespace planet::runtime
