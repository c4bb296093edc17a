#include "runtime/launch.h"

#include <linux/sched.h>
#include <signal.h>

#include <algorithm>

#include "runtime/birth.h"
#include "runtime/cgroup_entry.h"
#include "runtime/console.h"
#include "runtime/gate.h"
#include "runtime/handshake.h"
#include "runtime/hooks.h"
#include "runtime/init_mounts.h"
#include "runtime/joins.h"
#include "runtime/namespaces.h"
#include "runtime/parent_mounts.h"
#include "runtime/placement.h"
#include "runtime/plan.h"
#include "runtime/process_start.h"
#include "runtime/reaper.h"
#include "runtime/seccomp_choice.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

// What both halves know: all of it decided before the first namespace exists.
struct Launch {
  const LaunchRequest& request;
  const oci::Spec& spec;
  oci::Process process;  // without one in the spec, init waits at its gate and cannot be started
  Plan plan;
  std::vector<Join> joins;
  std::uint64_t separate = 0;  // CLONE_NEW* of the namespaces that it does not share with us
  SeccompChoice seccomp;
  UniqueFd reaper;
  CgroupEntry cgroup;
  bool cgroup_later = false;  // it is made when init is there
};

bool has_create_hooks(const oci::Hooks& hooks) {
  return !(hooks.prestart.empty() && hooks.create_runtime.empty() &&
           hooks.create_container.empty() && hooks.start_container.empty());
}

bool mounts_cgroups(const Plan& plan) {
  return std::ranges::find(plan.mounts, Maker::kInitCgroup, &PlannedMount::maker) !=
         plan.mounts.end();
}

// ---- The child's half: init, process 1 of the container, until it becomes the command. ------------------------

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
};

// Takes the parent's mounts: returns the root with what it was made of, and puts the others where they belong in the
// plan's order.
Result<fs::DetachedMount> take_mounts(Init& init, std::vector<fs::DetachedMount>& mounts) {
  const Plan& plan = init.launch.plan;
  const std::size_t messages = init.launch.seccomp.agent.valid() ? 1 : 0;
  TRY_SET(std::vector<UniqueFd> fds, init.talk.ask(Stage::kMounts));
  if (fds.size() < 1 + plan.parent_mounts + messages)
    return fail(Code::kCorrupt, "the parent sent too few mounts");
  if (messages != 0) {
    TRY_SET(init.to_agent, sys::memory_file_text(fds.back().borrow()));
    fds.pop_back();
  }
  std::size_t next = 1;
  for (std::size_t i = 0; i < plan.mounts.size(); ++i)
    if (plan.mounts[i].maker == Maker::kParentBind || plan.mounts[i].maker == Maker::kParentDev)
      mounts[i] = fs::DetachedMount(std::move(fds[next++]));
  fs::DetachedMount root(std::move(fds.front()));
  for (; next < fds.size(); ++next) root.keep(fs::DetachedMount(std::move(fds[next])));
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
  TRY(step(LaunchStep::kSysctl, [&] {
    return write_sysctls(plan, launch.separate, mounts, launch.spec.linux_.sysctl);
  }));

  TRY_SET(const fs::DetachedMount root, take_mounts(init, mounts));
  if (mounts_cgroups(plan)) {
    TRY_SET(init.cgroups, own_cgroup_tree(launch.spec.linux_));
  }
  if (plan.new_cgroup_ns)
    TRY(step(LaunchStep::kCgroupNamespace, [] { return sys::unshare(CLONE_NEWCGROUP); }));
  return furnish_root(init, root, mounts);
}

// Never returns: the command takes over, or the error goes to the parent.
[[noreturn]] void init_main(const Launch& launch, UniqueFd socket) {
  (void)sys::set_name("planet:[init]");
  (void)sys::set_dumpable(false);
  InitTalk talk(std::move(socket));
  const Steps steps(launch.request.log == nullptr ? nullptr : &talk, Side::kInit);
  Init init{.launch = launch,
            .talk = talk,
            .steps = steps,
            .terminal = {},
            .created_state = {},
            .cgroups = {}};
  if (const auto ready = become_container(init); !ready) {
    talk.fail(ready.error());
    sys::exit_now(1);
  }
  ProcessStart start{.process = launch.process,
                     .user = launch.request.user,
                     .filter = launch.seccomp.filter(),
                     .filter_flags = launch.seccomp.flags,
                     .stdio = launch.request.stdio,
                     .terminal = std::move(init.terminal.slave),
                     .extra_fds = launch.request.extra_fds,
                     .die_with_parent = launch.request.die_with_parent,
                     .reaper = std::nullopt,
                     .agent = launch.seccomp.agent.borrow(),
                     .to_agent = init.to_agent,
                     .ready = [&]() -> Result<> {
                       TRY(wait_for_start(init));
                       return take_habits(launch.spec.linux_);
                     }};
  if (launch.reaper.valid()) start.reaper = launch.reaper.borrow();
  const Error error = start_process(start, steps);
  talk.fail(error);
  sys::exit_now(exit_status(error, 1));
}

// ---- The parent's half: what needs the host's rights. ---------------------------------------------------------

// The parent's mounts, the root first, then those of the plan in its order.
Result<std::vector<fs::DetachedMount>> make_mounts(const Launch& launch, pid_t init,
                                                   std::optional<BorrowedFd> user_ns,
                                                   const Steps& steps) {
  std::vector<fs::DetachedMount> made(1);
  TRY(steps.run(info_of(LaunchStep::kRoot), [&]() -> Result<> {
    TRY_SET(made.front(), make_root(launch.request, launch.plan.root_propagation, user_ns));
    return {};
  }));
  TRY_SET(const Owner owner, owner_inside(launch.plan, launch.spec.linux_, init));
  if (launch.plan.user_ns) TRY(make_other_devices(made.front().root(), launch.plan, owner));
  for (const PlannedMount& mount : launch.plan.mounts) {
    if (mount.maker != Maker::kParentBind && mount.maker != Maker::kParentDev) continue;
    const bool dev = mount.maker == Maker::kParentDev;
    TRY(steps.run(info_of(dev ? LaunchStep::kDevices : LaunchStep::kVolumes), mount.destination,
                  [&]() -> Result<> {
                    TRY_SET(fs::DetachedMount one,
                            dev ? make_dev(launch.plan, mount, owner)
                                : make_bind(mount, launch.spec.linux_, user_ns));
                    made.push_back(std::move(one));
                    return {};
                  }));
  }
  return made;
}

// The user namespace of init, mapped; nothing if it has ours. Init has its answer before it asks: it makes its network
// while the parent mounts, and neither waits.
Result<UniqueFd> settle_users(const Launch& launch, pid_t init, ParentTalk& talk,
                              const Steps& steps) {
  if (!launch.plan.user_ns) return UniqueFd();
  if ((launch.plan.clone_flags & CLONE_NEWUSER) != 0)
    TRY(steps.run(info_of(LaunchStep::kIdMap), [&] {
      return write_id_maps(init, launch.spec.linux_.uid_mappings, launch.spec.linux_.gid_mappings);
    }));
  TRY(talk.answer());
  return open_user_namespace(init);
}

// As it is when the filter is loaded.
std::optional<oci::State> state_of(const Launch& launch, pid_t init) {
  std::optional<oci::State> state = launch.request.state;
  if (state) {
    state->pid = init;
    state->status = oci::Status::kCreated;
  }
  return state;
}

Result<> make_cgroup(Launch& launch, const Steps& steps) {
  const LaunchRequest& request = launch.request;
  return steps.run(info_of(LaunchStep::kCgroup), [&]() -> Result<> {
    TRY_SET(launch.cgroup,
            CgroupEntry::make(request.spec.linux_, request.cgroup_width, request.cgroup_existing));
    return {};
  });
}

// The control group of init, if it was not born in it; answered before it is asked for, as the users are.
Result<> settle_cgroup(Launch& launch, pid_t init, ParentTalk& talk, const Steps& steps) {
  if (!launch.cgroup_later) return launch.cgroup.add_if_outside(init);
  if (launch.request.place) TRY(launch.request.place(init), info_of(LaunchStep::kCgroup).name);
  TRY(make_cgroup(launch, steps));
  return talk.answer(launch.cgroup.tasks());
}

Result<> prepare_container(Launch& launch, pid_t init, ParentTalk& talk, const Steps& steps) {
  TRY_SET(const UniqueFd user_ns, settle_users(launch, init, talk, steps));
  TRY(settle_cgroup(launch, init, talk, steps));
  const auto lent_ns = user_ns.valid() ? std::optional(user_ns.borrow()) : std::nullopt;
  TRY_SET(const std::vector<fs::DetachedMount> mounts, make_mounts(launch, init, lent_ns, steps));
  TRY(steps.run(info_of(LaunchStep::kLimits),
                [&] { return set_process_limits(init, launch.process); }));
  std::vector<BorrowedFd> lent;
  lent.reserve(mounts.size());
  for (const fs::DetachedMount& mount : mounts) lent.push_back(mount.root());
  for (const fs::DetachedMount& part : mounts.front().parts()) lent.push_back(part.root());
  UniqueFd message;
  if (launch.seccomp.agent.valid()) {
    TRY_SET(message, message_to_agent(launch.spec, state_of(launch, init), init));
    lent.push_back(message.borrow());
  }
  if (launch.plan.user_ns) TRY(talk.wait_for(Stage::kIdMap));
  if (launch.cgroup_later) TRY(talk.wait_for(Stage::kCgroup));
  TRY(talk.wait_for(Stage::kMounts));
  TRY(set_scheduling(init, launch.process));
  return talk.answer(lent);
}

std::set<Stage> stages_of(const Launch& launch) {
  std::set<Stage> stages = {Stage::kMounts, Stage::kReady};
  if (launch.plan.user_ns) stages.insert(Stage::kIdMap);
  if (launch.cgroup_later) stages.insert(Stage::kCgroup);
  if (has_create_hooks(launch.spec.hooks)) stages.insert(Stage::kHooks);
  return stages;
}

Result<UniqueFd> state_file(oci::State state, oci::Status status) {
  state.status = status;
  TRY_SET(UniqueFd file, sys::memory_file("state"));
  TRY(sys::write_all(file.borrow(), oci::write_state(state)));
  return file;
}

// The hooks of the host's side, when init's namespaces and its root are complete and not yet entered.
Result<> serve_hooks(const Launch& launch, pid_t init, ParentTalk& talk, const Steps& steps) {
  const oci::Hooks& hooks = launch.spec.hooks;
  if (!has_create_hooks(hooks)) return {};
  TRY(talk.wait_for(Stage::kHooks));
  oci::State state = *launch.request.state;
  state.pid = init;
  state.status = oci::Status::kCreating;
  TRY_SET(const UniqueFd bundle,
          sys::open_at(sys::kCwd, state.bundle.c_str(), O_PATH | O_DIRECTORY));
  TRY(steps.run(info_of(LaunchStep::kHooks), [&]() -> Result<> {
    const std::string text = oci::write_state(state);
    TRY(run_hooks(hooks.prestart, "prestart", bundle.borrow(), text));
    return run_hooks(hooks.create_runtime, "createRuntime", bundle.borrow(), text);
  }));
  TRY_SET(const UniqueFd creating, state_file(state, oci::Status::kCreating));
  TRY_SET(const UniqueFd created, state_file(state, oci::Status::kCreated));
  const BorrowedFd lent[] = {bundle.borrow(), creating.borrow(), created.borrow()};
  return talk.answer(lent);
}

// An init that is gone without a word: how it ended says more than where.
Error with_death(Error error, sys::Child& init) {
  const auto status = init.wait();
  if (!status) return error;
  return Error(Code::kSystem, error.what() +
                                  (status->signalled ? ": killed by signal " : ": exit status ") +
                                  std::to_string(status->value));
}

Result<UniqueFd> follow(Launch& launch, const sys::Child& init, ParentTalk& talk,
                        const Steps& steps) {
  TRY(prepare_container(launch, init.pid(), talk, steps));
  TRY(serve_hooks(launch, init.pid(), talk, steps));
  TRY_SET(std::vector<UniqueFd> master, talk.wait_for(Stage::kReady));
  if (!launch.request.gate) TRY(talk.wait_for_exec());
  return master.empty() ? UniqueFd() : std::move(master.front());
}

// All that can be decided and opened before the container exists.
Result<Launch> prepare(const LaunchRequest& request, const Steps& steps) {
  Launch launch{.request = request,
                .spec = request.spec,
                .process = request.spec.process.value_or(oci::Process{.cwd = "/"}),
                .plan = {},
                .joins = {},
                .separate = 0,
                .seccomp = {},
                .reaper = {},
                .cgroup = {},
                .cgroup_later = request.place != nullptr};
  TRY_SET(launch.plan, plan_launch(request.spec));
  if (!request.spec.process && !request.gate)
    return fail(Code::kInvalidArgument, "process is missing");
  if (has_create_hooks(request.spec.hooks) && !request.state)
    return fail(Code::kInvalidArgument, "hooks are set, but there is no state to tell them");
  TRY_SET(launch.joins, open_joins(launch.plan));
  launch.separate = separate_flags(launch.plan, launch.joins);
  TRY(check_names(launch.spec, launch.separate));
  TRY_SET(launch.seccomp, choose_seccomp(request.spec, launch.process, request.default_seccomp));
  if (request.init_reaper) {
    TRY_SET(launch.reaper, open_reaper());
  }
  if (!request.place) {
    TRY_SET(launch.cgroup_later, CgroupEntry::comes_later(request.spec.linux_));
  }
  if (!launch.cgroup_later) TRY(make_cgroup(launch, steps));
  return launch;
}

Birth birth_of(const Launch& launch) {
  Birth birth{.clone_flags = launch.plan.clone_flags,
              .join = {},
              .cgroup = launch.cgroup.birthplace(),
              .helper_in_cgroup = gives_up_cgroups(launch.joins)};
  if (needs_helper(launch.plan, launch.joins))
    birth.join = [&launch] { return join_all(launch.plan, launch.joins, launch.spec.linux_); };
  return birth;
}

}  // namespace

Result<Running> launch(const LaunchRequest& request) {
  const Steps steps(request.log, Side::kParent);
  TRY_SET(Launch launch, prepare(request, steps));

  TRY_SET(auto sockets, sys::packet_socket_pair());
  const std::int64_t begin = request.log == nullptr ? 0 : sys::monotonic_ns();
  TRY_SET(sys::Child init, bear(birth_of(launch)), info_of(LaunchStep::kNamespaces).name);
  if (!init.valid()) {
    sockets.first.reset();
    init_main(launch, std::move(sockets.second));
  }
  // Two come back from clone, and one tells of it.
  if (request.log != nullptr)
    request.log->step(info_of(LaunchStep::kNamespaces), Side::kParent, "", begin,
                      sys::monotonic_ns());
  sockets.second.reset();

  ParentTalk talk(std::move(sockets.first), stages_of(launch), request.log);
  auto terminal = follow(launch, init, talk, steps);
  if (!terminal) {
    Error error = talk.last_words().value_or(std::move(terminal).error());
    return std::unexpected(talk.init_died() ? with_death(std::move(error), init)
                                            : std::move(error));
  }
  return Running{.init = std::move(init),
                 .terminal = *std::move(terminal),
                 .cgroup = std::move(launch.cgroup).group()};
}

}  // namespace planet::runtime
