#include "runtime/hooks.h"

#include <signal.h>

#include <array>

#include "base/strings.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/pipe.h"
#include "sys/process.h"
#include "sys/signals.h"

namespace planet::runtime {
namespace {

constexpr std::size_t kMostShown = 2048;  // of what a hook wrote

[[noreturn]] void become_hook(const oci::Hook& hook, BorrowedFd cwd, BorrowedFd input,
                              BorrowedFd output) {
  const auto ready = [&]() -> Result<> {
    TRY(sys::new_session());
    TRY(sys::change_dir(cwd));
    TRY(sys::place_fd(input, 0));
    TRY(sys::place_fd(output, 1));
    TRY(sys::place_fd(output, 2));
    return sys::close_on_exec_from(3);
  }();
  std::string error = ready ? "" : ready.error().to_string();
  if (ready) {
    sys::reset_signals();
    const std::vector<std::string> args =
        hook.args.empty() ? std::vector<std::string>{hook.path} : hook.args;
    error =
        Error::from_errno(sys::execute(hook.path.c_str(), args, hook.env), "execute").to_string();
  }
  (void)sys::write_all(output, error);
  sys::exit_now(127);
}

// Keeps the beginning of what comes, and throws away the rest so that the writer does not block.
void take_output(BorrowedFd from, std::string& text, bool& open) {
  std::array<char, 4096> buffer{};
  const auto n = sys::read_some(from, buffer);
  open = n && *n > 0;
  if (open)
    text.append(buffer.data(), std::min(*n, kMostShown - std::min(kMostShown, text.size())));
}

// Reads until the hook has ended. Its children may hold the pipe longer: they are not waited for.
// False: the time is over.
Result<bool> follow(const sys::Child& process, BorrowedFd output, std::optional<int> timeout,
                    std::string& text) {
  const std::int64_t begin = sys::monotonic_ns();
  for (bool open = true;;) {
    int wait_ms = -1;
    if (timeout) {
      const std::int64_t left =
          std::int64_t{*timeout} * 1000 - (sys::monotonic_ns() - begin) / 1'000'000;
      if (left <= 0) return false;
      wait_ms = static_cast<int>(left);
    }
    std::array<pollfd, 2> set{};
    set[0] = {.fd = open ? output.get() : -1, .events = POLLIN, .revents = 0};
    set[1] = {.fd = process.pidfd().get(), .events = POLLIN, .revents = 0};
    TRY(sys::wait_ready(set, wait_ms));
    if ((set[0].revents & POLLIN) != 0)
      take_output(output, text, open);
    else if (set[1].revents != 0)
      return true;
    else if (set[0].revents != 0)
      open = false;
  }
}

Result<> run_hook(const oci::Hook& hook, BorrowedFd cwd, std::string_view state) {
  TRY_SET(const UniqueFd input, sys::memory_file("state"));
  TRY(sys::write_all(input.borrow(), state));
  TRY(sys::seek_to(input.borrow(), 0));
  TRY_SET(sys::Pipe output, sys::make_pipe());
  TRY_SET(sys::Child process, sys::clone_process({}));
  if (!process.valid()) become_hook(hook, cwd, input.borrow(), output.write.borrow());
  output.write.reset();
  std::string text;
  TRY_SET(const bool ended, follow(process, output.read.borrow(), hook.timeout, text));
  if (!ended) {
    sys::kill_group(process.pid());
    return fail(Code::kSystem, "took longer than its timeout of " + std::to_string(*hook.timeout) +
                                   " s and was killed");
  }
  TRY_SET(const sys::ExitStatus status, process.wait());
  if (!status.signalled && status.value == 0) return {};
  std::string why =
      (status.signalled ? "killed by signal " : "exit status ") + std::to_string(status.value);
  if (!trim(text).empty()) why += ": " + printable(trim(text));
  return fail(Code::kSystem, std::move(why));
}

}  // namespace

Result<> run_hooks(const std::vector<oci::Hook>& hooks, std::string_view name, BorrowedFd cwd,
                   std::string_view state) {
  for (std::size_t i = 0; i < hooks.size(); ++i)
    TRY(run_hook(hooks[i], cwd, state),
        "hooks." + std::string(name) + "[" + std::to_string(i) + "] " + quote(hooks[i].path));
  return {};
}

}  // namespace planet::runtime
