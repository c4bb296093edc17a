#include "runtime/exec.h"

#include <linux/sched.h>

#include "runtime/birth.h"
#include "runtime/cgroup_entry.h"
#include "runtime/console.h"
#include "runtime/handshake.h"
#include "runtime/labels.h"
#include "runtime/namespaces.h"
#include "runtime/placement.h"
#include "runtime/plan.h"
#include "runtime/process_start.h"
#include "runtime/seccomp_choice.h"
#include "runtime/stdio.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

// What both processes know.
struct Exec {
  const ExecRequest& request;
  Plan plan;
  SeccompChoice seccomp;
  Labels labels;
  CgroupEntry cgroup;
  bool born_inside = false;  // in the process namespace; else in all of them
};

// ---- The new process, inside the container. -------------------------------------------------------------------

Result<sys::TerminalPair> open_own_console(const oci::Process& process) {
  TRY_SET(UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  return open_terminal_pair(fs::Root(std::move(top)), process);
}

// Of who was born in the container's process namespace. Its users come last.
Result<> join_rest(const Exec& exec) {
  constexpr std::uint64_t kNotNow = CLONE_NEWPID | CLONE_NEWUSER;
  return sys::set_ns(exec.request.init, static_cast<int>(exec.plan.join_flags & ~kNotNow));
}

// Last, when the rights to join the rest are needed no more. An ordinary user has them by joining its users first: the
// helper has done so.
Result<> join_users(const Exec& exec) {
  if (!exec.plan.user_ns) return {};
  if (exec.plan.rights != Rights::kUser)
    TRY(sys::set_ns(exec.request.init, CLONE_NEWUSER), "join the container's users");
  return become_root_inside();
}

[[noreturn]] void process_main(Exec& exec, UniqueFd socket) {
  InitTalk talk(std::move(socket));
  const Steps steps(nullptr, Side::kInit);
  sys::TerminalPair terminal;
  std::string to_agent;
  OwnLabels labels;
  const auto inside = [&]() -> Result<> {
    if (exec.born_inside) TRY(join_rest(exec), "join the container");
    TRY_SET(labels, std::move(exec.labels).open_own());
    const oci::ExecCpuAffinity affinity =
        exec.request.process.exec_cpu_affinity.value_or(oci::ExecCpuAffinity{});
    TRY(run_on(affinity.initial));
    TRY(exec.cgroup.enter(), "enter the control group");
    TRY(run_on(affinity.final));
    TRY(join_users(exec));
    TRY_SET(const std::vector<UniqueFd> message, talk.ask(Stage::kLimits));
    if (!message.empty()) {
      TRY_SET(to_agent, sys::memory_file_text(message.front().borrow()));
    }
    if (!exec.request.process.terminal) return {};
    TRY_SET(terminal, open_own_console(exec.request.process));
    return {};
  }();
  if (!inside) {
    talk.fail(inside.error());
    sys::exit_now(1);
  }
  const ProcessStart start{
      .process = exec.request.process,
      .user = exec.request.user,
      .groups = exec.request.groups,
      .filter = exec.seccomp.filter(),
      .filter_flags = exec.seccomp.flags,
      .stdio = exec.request.stdio,
      .terminal = std::move(terminal.slave),
      .extra_fds = exec.request.extra_fds,
      .die_with_parent = exec.request.die_with_parent,
      .make_work_dir = false,  // the container was made with its own; any other is a typing error
      .reaper = std::nullopt,
      .agent = exec.seccomp.agent.borrow(),
      .to_agent = to_agent,
      .labels = &labels,
      .ready = [&]() -> Result<> {
        const BorrowedFd master[] = {terminal.master.borrow()};
        TRY(talk.tell(Stage::kReady, std::span(master, terminal.master.valid() ? 1 : 0)));
        TRY(talk.check_parent_alive());
        return take_habits(exec.request.spec.linux_);
      }};
  const Error error = start_process(start, steps);
  talk.fail(error);
  sys::exit_now(exit_status(error, 1));
}

// ---- The helper, which becomes the new process's elder. -------------------------------------------------------

Result<> join_container(const Exec& exec) {
  const bool by_user = exec.plan.rights == Rights::kUser;
  if (by_user) TRY(take_oom_score(exec.request.process));
  const std::uint64_t later = by_user ? 0 : CLONE_NEWUSER;
  return sys::set_ns(exec.request.init, static_cast<int>(exec.plan.join_flags & ~later));
}

// ---- The caller. ----------------------------------------------------------------------------------------------

// The namespace of our children, which must be allowed to return to: root of another user namespace is not.
Result<UniqueFd> open_way_back() {
  TRY_SET(UniqueFd own, sys::open_at(sys::kCwd, "/proc/self/ns/pid_for_children", O_RDONLY));
  TRY(sys::set_ns(own.borrow(), CLONE_NEWPID));
  return own;
}

// A child that is born in the container's process namespace; the rest it joins itself.
Result<sys::Child> bear_inside(const Exec& exec, BorrowedFd way_back) {
  // Who is in the container already must not look into the child: not even at its open files (CVE-2016-9962).
  TRY(sys::set_dumpable(false));
  if ((exec.plan.join_flags & CLONE_NEWPID) != 0) TRY(sys::set_ns(exec.request.init, CLONE_NEWPID));
  auto process = sys::clone_process({.flags = 0, .cgroup = exec.cgroup.birthplace()});
  if (!process || process->valid()) TRY(sys::set_ns(way_back, CLONE_NEWPID));
  return process;
}

// Without a helper, which is a tenth of the time, where that is allowed.
Result<sys::Child> bear_process(Exec& exec) {
  const auto way_back = exec.plan.rights == Rights::kUser ? UniqueFd() : open_way_back();
  exec.born_inside = way_back && way_back->valid();
  if (exec.born_inside) return bear_inside(exec, way_back->borrow());
  return bear({.clone_flags = 0,
               .join = [&] { return join_container(exec); },
               .cgroup = exec.cgroup.birthplace(),
               .helper_in_cgroup = true});
}

Result<> answer_limits(const Exec& exec, pid_t process, ParentTalk& talk) {
  if (!exec.seccomp.agent.valid()) return talk.answer();
  TRY_SET(const UniqueFd message, message_to_agent(exec.request.spec, exec.request.state, process));
  const BorrowedFd lent[] = {message.borrow()};
  return talk.answer(lent);
}

Result<> give_own_pipes(const Exec& exec) {
  if (!exec.plan.user_ns || !exec.request.stdio || exec.plan.rights == Rights::kUser) return {};
  TRY_SET(const Owner owner,
          owner_inside(exec.plan, exec.request.spec.linux_, exec.request.init_pid));
  return give_pipes(*exec.request.stdio, owner);
}

Result<UniqueFd> follow(const Exec& exec, const sys::Child& process, ParentTalk& talk) {
  TRY(exec.cgroup.add_if_outside(process.pid()));
  TRY(talk.wait_for(Stage::kLimits));
  TRY(give_own_pipes(exec));
  TRY(set_process_limits(process.pid(), exec.request.process, exec.plan.rights));
  TRY(set_scheduling(process.pid(), exec.request.process));
  TRY(answer_limits(exec, process.pid(), talk));
  TRY_SET(std::vector<UniqueFd> master, talk.wait_for(Stage::kReady));
  TRY(talk.wait_for_exec());
  return master.empty() ? UniqueFd() : std::move(master.front());
}

}  // namespace

Result<Running> exec(const ExecRequest& request) {
  TRY_SET(Plan plan, plan_exec(request.spec, request.rights));
  TRY_SET(SeccompChoice seccomp,
          choose_seccomp(request.spec, request.process, request.default_seccomp));
  TRY_SET(Labels labels, Labels::plan(request.process, ""));
  TRY_SET(CgroupEntry cgroup, CgroupEntry::find(request.spec.linux_, request.cgroups));
  Exec exec{.request = request,
            .plan = std::move(plan),
            .seccomp = std::move(seccomp),
            .labels = std::move(labels),
            .cgroup = std::move(cgroup),
            .born_inside = false};
  TRY_SET(auto sockets, sys::packet_socket_pair());
  TRY_SET(sys::Child process, bear_process(exec), "join the container");
  if (!process.valid()) {
    sockets.first.reset();
    process_main(exec, std::move(sockets.second));
  }
  sockets.second.reset();
  ParentTalk talk(std::move(sockets.first), {Stage::kLimits, Stage::kReady}, nullptr);
  TRY_SET(UniqueFd terminal, follow(exec, process, talk));
  return Running{.init = std::move(process), .terminal = std::move(terminal), .cgroup = {}};
}

}  // namespace planet::runtime
