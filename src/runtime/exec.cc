#include "runtime/exec.h"

#include <linux/sched.h>

#include "runtime/cgroup_entry.h"
#include "runtime/console.h"
#include "runtime/handshake.h"
#include "runtime/namespaces.h"
#include "runtime/plan.h"
#include "runtime/process_start.h"
#include "runtime/seccomp_choice.h"
#include "sys/file.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

// What all three processes know: the caller, the helper that joins, and the new process inside.
struct Exec {
  const ExecRequest& request;
  Plan plan;
  SeccompChoice seccomp;
};

// ---- The new process, inside the container. -------------------------------------------------------------------

Result<sys::TerminalPair> open_own_console(const oci::Process& process) {
  TRY_SET(UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  return open_terminal_pair(fs::Root(std::move(top)), process);
}

[[noreturn]] void process_main(const Exec& exec, UniqueFd socket) {
  InitTalk talk(std::move(socket));
  const Steps steps(nullptr, Side::kInit);
  sys::TerminalPair terminal;
  const auto inside = [&]() -> Result<> {
    TRY(talk.ask(Stage::kCgroup));
    if (!exec.request.process.terminal) return {};
    TRY_SET(terminal, open_own_console(exec.request.process));
    return {};
  }();
  if (!inside) {
    talk.fail(inside.error());
    sys::exit_now(1);
  }
  ProcessStart start{.process = exec.request.process,
                     .user = exec.request.user,
                     .filter = exec.seccomp.filter(),
                     .filter_flags = exec.seccomp.flags,
                     .stdio = exec.request.stdio,
                     .terminal = std::move(terminal.slave),
                     .extra_fds = exec.request.extra_fds,
                     .die_with_parent = exec.request.die_with_parent,
                     .reaper = std::nullopt};
  const auto ready = [&]() -> Result<> {
    const BorrowedFd master[] = {terminal.master.borrow()};
    TRY(talk.tell(Stage::kReady, std::span(master, terminal.master.valid() ? 1 : 0)));
    return talk.check_parent_alive();
  };
  talk.fail(start_process(std::move(start), ready, steps));
  sys::exit_now(1);
}

// ---- The helper: joins the namespaces, and leaves behind a child that is born in all of them. ------------------

Result<sys::Child> join_and_clone(const Exec& exec) {
  // One call for all: the kernel takes the user namespace first and checks the rest with its rights.
  TRY(sys::set_ns(exec.request.init, static_cast<int>(exec.plan.join_flags)), "join the container");
  if (exec.plan.user_ns) TRY(become_root_inside());
  return sys::clone_process({.flags = CLONE_PARENT, .cgroup = std::nullopt});
}

[[noreturn]] void helper_main(const Exec& exec, UniqueFd helper_socket, UniqueFd process_socket) {
  // Who is in the container already must not look into us: not even at our open files (CVE-2016-9962).
  (void)sys::set_dumpable(false);
  InitTalk talk(std::move(helper_socket));
  auto process = join_and_clone(exec);
  if (!process) {
    talk.fail(process.error());
    sys::exit_now(1);
  }
  if (!process->valid()) process_main(exec, std::move(process_socket));
  const BorrowedFd pidfd[] = {process->pidfd()};
  const bool told = talk.tell(Stage::kJoined, pidfd).has_value();
  if (told) (void)process->release();
  sys::exit_now(told ? 0 : 1);
}

// ---- The caller. ----------------------------------------------------------------------------------------------

Result<sys::Child> receive_process(UniqueFd socket, sys::Child& helper) {
  ParentTalk talk(std::move(socket), {Stage::kJoined}, nullptr);
  TRY_SET(std::vector<UniqueFd> fds, talk.wait_for(Stage::kJoined));
  if (fds.size() != 1) return fail(Code::kCorrupt, "the helper sent no process");
  TRY(helper.wait());
  TRY_SET(const pid_t pid, sys::pid_of(fds.front().borrow()));
  return sys::Child(pid, std::move(fds.front()));
}

Result<UniqueFd> follow(const Exec& exec, const sys::Child& process, ParentTalk& talk) {
  TRY(talk.wait_for(Stage::kCgroup));
  TRY(join_cgroup(exec.request.spec.linux_, process.pid()));
  TRY(set_process_limits(process.pid(), exec.request.process));
  TRY(talk.answer());
  TRY_SET(std::vector<UniqueFd> master, talk.wait_for(Stage::kReady));
  TRY(talk.wait_for_exec());
  return master.empty() ? UniqueFd() : std::move(master.front());
}

}  // namespace

Result<Running> exec(const ExecRequest& request) {
  TRY_SET(Plan plan, plan_exec(request.spec, request.process));
  TRY_SET(SeccompChoice seccomp,
          choose_seccomp(request.spec, request.process, request.default_seccomp));
  const Exec exec{.request = request, .plan = std::move(plan), .seccomp = std::move(seccomp)};
  TRY_SET(auto helper_ends, sys::packet_socket_pair());
  TRY_SET(auto process_ends, sys::packet_socket_pair());
  TRY_SET(sys::Child helper, sys::clone_process({}));
  if (!helper.valid()) {
    helper_ends.first.reset();
    process_ends.first.reset();
    helper_main(exec, std::move(helper_ends.second), std::move(process_ends.second));
  }
  helper_ends.second.reset();
  process_ends.second.reset();
  TRY_SET(sys::Child process, receive_process(std::move(helper_ends.first), helper));
  ParentTalk talk(std::move(process_ends.first), {Stage::kCgroup, Stage::kReady}, nullptr);
  TRY_SET(UniqueFd terminal, follow(exec, process, talk));
  return Running{.init = std::move(process), .terminal = std::move(terminal)};
}

}  // namespace planet::runtime
