#include "engine/keeper.h"

#include <malloc.h>

#include "base/strings.h"
#include "engine/control.h"
#include "engine/keeping.h"
#include "sys/command_line.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace planet::engine {
namespace {

std::string failure_text(const Error& error) {
  return std::to_string(static_cast<int>(error.code())) + " " + std::to_string(error.sys_errno()) +
         " " + error.what();
}

Error parse_failure(const std::string& text) {
  const auto words = split(text, ' ');
  const auto code = parse_number<int>(words.front(), "code");
  const auto err = words.size() > 1 ? parse_number<int>(words[1], "errno") : Result<int>(0);
  if (!code || !err || words.size() < 3)
    return Error(Code::kInternal, "the keeper died before the container started");
  const std::size_t at = static_cast<std::size_t>(words[2].data() - text.data());
  return Error::from_wire(static_cast<Code>(*code), *err, text.substr(at));
}

// What a keeper in the background keeps of its caller: nothing. Its streams are nobody's.
Result<> leave_caller() {
  TRY(sys::new_session());
  TRY_SET(const UniqueFd null, sys::open_at(sys::kCwd, "/dev/null", O_RDWR));
  for (int fd = 0; fd < 3; ++fd) TRY(sys::place_fd(null.borrow(), fd));
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  return sys::change_dir(top.borrow());
}

// How the keeper and whoever started it talk.
struct First {
  bool attached = false;
  Attached streams;
  std::string keys;
};

// The keeper's process. `report` takes "started", or why not.
Result<int> keep_alone(const Engine& engine, Prepared& prepared, const RunHooks& hooks,
                       const First& first, UniqueFd& report) {
  UniqueFd ends[3];
  const bool wanted[] = {first.streams.in, first.streams.out, first.streams.err};
  for (int fd = 0; first.attached && fd < 3; ++fd) {
    if (!wanted[fd]) continue;
    TRY_SET(ends[fd], sys::duplicate(BorrowedFd(fd)));
  }
  TRY(leave_caller());
  (void)sys::set_name("planet:[keeper]");
  // Its caller's arguments name the values of -e, and ps shows them to everybody.
  TRY(sys::set_command_line("planet: keeper of " + prepared.record.id.substr(0, kShortId)));
  // No core file: what it knows of the container's environment is not for the disk.
  (void)sys::set_dumpable(false);
  RunHooks own = hooks;
  Keeping keeping(engine, prepared, own, Caller::kAway);
  own.started = [&] {
    (void)sys::send_message(report.borrow(), "started");
    report.reset();  // a first client has another descriptor of it
    ::malloc_trim(0);
  };
  if (first.attached) {
    TRY_SET(UniqueFd socket, sys::duplicate(report.borrow()));
    keeping.clients().add_first(std::move(socket), std::move(ends[0]), std::move(ends[1]),
                                std::move(ends[2]), first.keys);
  }
  return keeping.run();
}

// The caller's end of the keeper's socket, when the command runs.
Result<UniqueFd> fork_keeper(const Engine& engine, Prepared& prepared, const RunHooks& hooks,
                             const First& first) {
  TRY_SET(auto ends, sys::packet_socket_pair());
  TRY_SET(sys::Child keeper, sys::clone_process({}));
  if (!keeper.valid()) {
    ends.first.reset();
    UniqueFd report = std::move(ends.second);
    const auto kept = keep_alone(engine, prepared, hooks, first, report);
    if (!kept && report.valid())
      (void)sys::send_message(report.borrow(), failure_text(kept.error()));
    sys::exit_now(0);
  }
  ends.second.reset();
  prepared.lock.reset();
  TRY_SET(const sys::Message message, sys::receive_message(ends.first.borrow(), 16384));
  if (message.bytes != "started") return std::unexpected(parse_failure(message.bytes));
  (void)keeper.release();
  return std::move(ends.first);
}

// As large as the caller's, before the command looks.
void take_size(Prepared& prepared) {
  const auto size = sys::window_size(BorrowedFd(0));
  if (size && prepared.record.terminal)
    prepared.spec.process->console_size =
        oci::ConsoleSize{.height = size->ws_row, .width = size->ws_col};
}

}  // namespace

Result<int> keep(const Engine& engine, Prepared& prepared, const Attached& attached,
                 const RunHooks& hooks) {
  Keeping keeping(engine, prepared, hooks, Caller::kConnected);
  keeping.attach_caller(attached);
  return keeping.run();
}

Result<> keep_detached(const Engine& engine, Prepared& prepared, const RunHooks& hooks) {
  TRY(fork_keeper(engine, prepared, hooks, {}));
  return {};
}

Result<int> keep_attached(const Engine& engine, Prepared& prepared, const Attached& attached,
                          const std::string& detach_keys, const RunHooks& hooks) {
  // From here on no signal is lost: those that come before the start are passed on after it.
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  if (attached.in) take_size(prepared);
  const bool terminal = prepared.record.terminal;
  TRY_SET(const UniqueFd keeper,
          fork_keeper(engine, prepared, hooks,
                      {.attached = true, .streams = attached, .keys = detach_keys}));
  if (hooks.started) hooks.started();
  AttachOptions options;
  options.input = attached.in;
  options.terminal = terminal;
  options.say = hooks.say;
  TRY_SET(const Ended ended, be_client(keeper.borrow(), options, signals));
  return ended.status.value_or(0);
}

}  // namespace planet::engine
