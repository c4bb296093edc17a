#include "runtime/init.h"

#include <linux/sched.h>

#include <algorithm>

#include "runtime/console.h"
#include "runtime/gate.h"
#include "runtime/handshake.h"
#include "runtime/hooks.h"
#include "runtime/init_mounts.h"
#include "runtime/namespaces.h"
#include "runtime/parent_mounts.h"
#include "runtime/placement.h"
#include "runtime/process_start.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/process.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

bool mounts_cgroups(const Plan& plan) {
  return std::ranges::find(plan.mounts, Maker::kInitCgroup, &PlannedMount::maker) !=
         plan.mounts.end();
}

// Hooks find the container's root at its path in the container's mount namespace, and may mount into it there.
std::string place_of_root(const Launch& launch) {
  const auto* directory = std::get_if<DirectoryRoot>(&launch.request.root);
  return directory != nullptr && has_create_hooks(launch.spec.hooks) ? directory->path : "/";
}

// Init on its way: what it was given, and what it has got by now.
struct Init {
  const Launch& launch;
  InitTalk& talk;
  const Steps& steps;
  sys::TerminalPair terminal;
  std::string created_state;  // what the startContainer hooks are told
  std::string to_agent;       // what the seccomp agent is told
  cgroup::Tree cgroups;
  OwnLabels labels;
};

// While the parent mounts, the network's part of init's is made, and goes along.
Result<std::vector<UniqueFd>> ask_for_mounts(Init& init) {
  const auto& network = init.launch.request.network;
  if (!network) return init.talk.ask(Stage::kMounts);
  TRY_SET(const std::vector<UniqueFd> made, network->inside());
  std::vector<BorrowedFd> lent;
  lent.reserve(made.size());
  for (const UniqueFd& fd : made) lent.push_back(fd.borrow());
  return init.talk.ask(Stage::kMounts, lent);
}

// Takes the parent's mounts, or makes them where the parent cannot: returns the root with what it was made of, and puts the
// others where they belong in the plan's order.
Result<fs::DetachedMount> take_mounts(Init& init, std::vector<fs::DetachedMount>& mounts) {
  const Plan& plan = init.launch.plan;
  const std::size_t messages = init.launch.seccomp.agent.valid() ? 1 : 0;
  const bool own = plan.rights == Rights::kUser;
  TRY_SET(std::vector<UniqueFd> fds, ask_for_mounts(init));
  if (fds.size() < (own ? 0 : 1 + plan.parent_mounts) + messages)
    return fail(Code::kCorrupt, "the parent sent too few mounts");
  if (messages != 0) {
    TRY_SET(init.to_agent, sys::memory_file_text(fds.back().borrow()));
    fds.pop_back();
  }
  std::vector<fs::DetachedMount> made;
  made.reserve(fds.size());
  for (UniqueFd& fd : fds) made.emplace_back(std::move(fd));
  if (own) {
    TRY_SET(made, make_host_mounts(
                      init.launch.request, plan, [] { return Owner{}; }, std::nullopt, init.steps));
  }
  std::size_t next = 1;
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (plan.mounts[i].maker == Maker::kParentBind || plan.mounts[i].maker == Maker::kParentDev)
      mounts[i] = std::move(made[next++]);
  fs::DetachedMount root = std::move(made.front());
  for (; next < made.size(); ++next) root.keep(std::move(made[next]));
  return root;
}

// The parent executes its hooks, then sends what init's need: their directory, and the state that they are told.
Result<> run_create_hooks(Init& init) {
  const oci::Hooks& hooks = init.launch.spec.hooks;
  if (!has_create_hooks(hooks)) return {};
  TRY(Mask::uncover_old_root());
  TRY_SET(const std::vector<UniqueFd> fds, init.talk.ask(Stage::kHooks));
  if (fds.size() != 3) return fail(Code::kCorrupt, "the parent sent too few files for hooks");
  TRY_SET(const std::string creating, sys::memory_file_text(fds[1].borrow()));
  TRY_SET(init.created_state, sys::memory_file_text(fds[2].borrow()));
  return init.steps.run(info_of(LaunchStep::kHooks), [&] {
    return run_hooks(hooks.create_container, "createContainer", fds[0].borrow(), creating);
  });
}

// All is in place. Where there is a gate, what follows waits for the start, which then hears of an error.
Result<> wait_for_start(Init& init) {
  const Launch& launch = init.launch;
  if (launch.request.gate && launch.spec.process) TRY(check_command(launch.process));
  const BorrowedFd master[] = {init.terminal.master.borrow()};
  const std::size_t count = init.terminal.master.valid() ? 1 : 0;
  TRY(init.talk.tell(Stage::kReady, std::span(master, count)));
  if (launch.request.gate) {
    TRY_SET(UniqueFd starter, wait_at_gate(*launch.request.gate));
    init.talk.go_on_with(std::move(starter));
  }
  TRY(init.talk.check_parent_alive());
  if (launch.spec.hooks.start_container.empty()) return {};
  TRY_SET(const UniqueFd top, sys::open_at(sys::kCwd, "/", O_PATH | O_DIRECTORY));
  return run_hooks(launch.spec.hooks.start_container, "startContainer", top.borrow(),
                   init.created_state);
}

Result<> furnish_root(Init& init, const fs::DetachedMount& root_mount,
                      const std::vector<fs::DetachedMount>& mounts) {
  const Launch& launch = init.launch;
  const Steps& steps = init.steps;
  const oci::Spec& spec = launch.spec;
  TRY_SET(const Mask mask, Mask::make());
  TRY(mask.take_along(root_mount.parts()));
  TRY(steps.run(info_of(LaunchStep::kAttachRoot),
                [&] { return attach_root(root_mount, place_of_root(launch)); }));
  TRY_SET(UniqueFd top, sys::duplicate(root_mount.root()));
  const fs::Root root(std::move(top));
  TRY(attach_mounts(root, launch.plan, mounts, init.cgroups, steps));
  TRY(make_missing_devices(root, launch.plan));
  if (!launch.plan.user_ns) TRY(make_other_devices(root.dir(), launch.plan, Owner{}));
  if (launch.process.terminal)
    TRY(steps.run(info_of(LaunchStep::kTerminal), [&]() -> Result<> {
      TRY_SET(init.terminal, open_console(root, launch.process));
      return {};
    }));
  TRY(make_paths_read_only(root, spec.linux_.readonly_paths, steps));
  TRY(mask_paths(root, mask, spec.linux_.masked_paths, steps));
  if (launch.request.network) TRY(init.talk.ask(Stage::kNetwork));
  TRY(run_create_hooks(init));
  return steps.run(info_of(LaunchStep::kChangeRoot), [&]() -> Result<> {
    TRY(change_root(root_mount, spec.root && spec.root->readonly));
    return set_root_propagation(launch.plan.root_propagation);
  });
}

// Everything up to the container's own root; then only the command is left to start.
Result<> become_container(Init& init) {
  const Launch& launch = init.launch;
  const Plan& plan = launch.plan;
  const auto step = [&](LaunchStep name, auto body) { return init.steps.run(info_of(name), body); };

  if ((plan.unshare_flags & CLONE_NEWNET) != 0)
    TRY(step(LaunchStep::kNetwork, [] { return sys::unshare(CLONE_NEWNET); }));
  if (plan.user_ns) {
    TRY(init.talk.ask(Stage::kIdMap));
    TRY(step(LaunchStep::kIdMap, become_root_inside));
  }
  // Not sooner: the maps are written to its files in /proc, which would be root's.
  if (plan.rights == Rights::kUser) {
    TRY(take_oom_score(launch.process));
    TRY(sys::set_dumpable(false));
  }
  if (launch.cgroup_later) {
    TRY_SET(std::vector<UniqueFd> tasks, init.talk.ask(Stage::kCgroup));
    const cgroup::Doors doors{.birthplace = {}, .tasks = std::move(tasks)};
    TRY(step(LaunchStep::kEnterCgroup, [&] { return doors.enter(); }));
  }
  // As root inside: the queues' file system belongs to whoever makes the namespace.
  if ((plan.unshare_flags & CLONE_NEWIPC) != 0)
    TRY(step(LaunchStep::kMessages, [] { return sys::unshare(CLONE_NEWIPC); }));
  TRY(step(LaunchStep::kOwnMounts, leave_host_mounts));
  if (launch.request.new_keyring) TRY(step(LaunchStep::kKeyring, sys::join_new_session_keyring));
  TRY_SET(std::vector<fs::DetachedMount> mounts, build_file_systems(plan, init.steps));
  if (has_names(launch.spec))
    TRY(step(LaunchStep::kHostName, [&] { return set_names(launch.spec); }));
  if ((plan.unshare_flags & CLONE_NEWNET) != 0)
    TRY(step(LaunchStep::kLoopback, sys::raise_loopback));
  const auto write_parameters = [&] {
    return step(LaunchStep::kSysctl, [&] {
      return write_sysctls(plan, launch.separate, mounts, launch.spec.linux_.sysctl);
    });
  };
  // While the parent is busy; but those of devices that it moves (net.ipv4.conf.eth0) come with them.
  const bool wait_for_devices = !launch.spec.linux_.net_devices.empty();
  if (!wait_for_devices) TRY(write_parameters());
  TRY_SET(const fs::DetachedMount root, take_mounts(init, mounts));
  if (wait_for_devices) TRY(write_parameters());
  if (mounts_cgroups(plan)) {
    TRY_SET(init.cgroups, own_cgroup_tree(launch.spec.linux_));
  }
  if (plan.new_cgroup_ns)
    TRY(step(LaunchStep::kCgroupNamespace, [] { return sys::unshare(CLONE_NEWCGROUP); }));
  return furnish_root(init, root, mounts);
}

}  // namespace

bool has_create_hooks(const oci::Hooks& hooks) {
  return !(hooks.prestart.empty() && hooks.create_runtime.empty() &&
           hooks.create_container.empty() && hooks.start_container.empty());
}

void init_main(Launch& launch, UniqueFd socket) {
  (void)sys::set_name("planet:[init]");
  if (launch.plan.rights != Rights::kUser) (void)sys::set_dumpable(false);
  InitTalk talk(std::move(socket));
  const Steps steps(launch.request.log == nullptr ? nullptr : &talk, Side::kInit);
  Init init{.launch = launch,
            .talk = talk,
            .steps = steps,
            .terminal = {},
            .created_state = {},
            .cgroups = {},
            .labels = {}};
  const auto ready = [&]() -> Result<> {
    TRY_SET(init.labels, std::move(launch.labels).open_own());
    return become_container(init);
  }();
  if (!ready) {
    talk.fail(ready.error());
    sys::exit_now(1);
  }
  ProcessStart start{.process = launch.process,
                     .user = launch.request.user,
                     .groups = launch.request.groups,
                     .filter = launch.seccomp.filter(),
                     .filter_flags = launch.seccomp.flags,
                     .stdio = launch.request.stdio,
                     .terminal = std::move(init.terminal.slave),
                     .extra_fds = launch.request.extra_fds,
                     .die_with_parent = launch.request.die_with_parent,
                     .reaper = std::nullopt,
                     .agent = launch.seccomp.agent.borrow(),
                     .to_agent = init.to_agent,
                     .labels = &init.labels,
                     .ready = [&]() -> Result<> {
                       TRY(wait_for_start(init));
                       return take_habits(launch.spec.linux_);
                     }};
  if (launch.reaper.valid()) start.reaper = launch.reaper.borrow();
  const Error error = start_process(start, steps);
  talk.fail(error);
  sys::exit_now(exit_status(error, 1));
}

}  // namespace planet::runtime
