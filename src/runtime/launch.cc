#include "runtime/launch.h"

#include <linux/sched.h>

#include "runtime/birth.h"
#include "runtime/handshake.h"
#include "runtime/hooks.h"
#include "runtime/init.h"
#include "runtime/namespaces.h"
#include "runtime/parent_mounts.h"
#include "runtime/placement.h"
#include "runtime/reaper.h"
#include "runtime/stdio.h"
#include "runtime/user_maps.h"
#include "sys/file.h"
#include "sys/memory_file.h"
#include "sys/socket.h"

namespace planet::runtime {
namespace {

// The parent's mounts; none if init makes them.
Result<std::vector<fs::DetachedMount>> make_mounts(const Launch& launch, pid_t init,
                                                   std::optional<BorrowedFd> user_ns,
                                                   const Steps& steps) {
  if (launch.plan.rights == Rights::kUser) return std::vector<fs::DetachedMount>();
  return make_host_mounts(
      launch.request, launch.plan,
      [&] { return owner_inside(launch.plan, launch.spec.linux_, init); }, user_ns, steps);
}

// The user namespace of init, mapped; nothing if it has ours. Init has its answer before it asks: it makes its network
// while the parent mounts, and neither waits.
Result<UniqueFd> settle_users(const Launch& launch, pid_t init, ParentTalk& talk,
                              const Steps& steps) {
  if (!launch.plan.user_ns) return UniqueFd();
  const bool by_user = launch.plan.rights == Rights::kUser;
  const oci::Linux& spec = launch.spec.linux_;
  if ((launch.plan.clone_flags & CLONE_NEWUSER) != 0)
    TRY(steps.run(info_of(LaunchStep::kIdMap), [&] {
      return by_user ? write_user_maps(init, spec.uid_mappings, spec.gid_mappings)
                     : write_id_maps(init, spec.uid_mappings, spec.gid_mappings);
    }));
  if (launch.request.stdio && !by_user) {
    TRY_SET(const Owner owner, owner_inside(launch.plan, spec, init));
    TRY(give_pipes(*launch.request.stdio, owner));
  }
  TRY(talk.answer());
  // Nobody but root mounts through an id map.
  return by_user ? UniqueFd() : open_user_namespace(init);
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

// What init has made of its network.
Result<std::vector<UniqueFd>> prepare_container(Launch& launch, pid_t init, ParentTalk& talk,
                                                const Steps& steps) {
  TRY_SET(const UniqueFd user_ns, settle_users(launch, init, talk, steps));
  TRY(settle_cgroup(launch, init, talk, steps));
  const auto lent_ns = user_ns.valid() ? std::optional(user_ns.borrow()) : std::nullopt;
  TRY_SET(const std::vector<fs::DetachedMount> mounts, make_mounts(launch, init, lent_ns, steps));
  TRY(steps.run(info_of(LaunchStep::kLimits),
                [&] { return set_process_limits(init, launch.process, launch.plan.rights); }));
  std::vector<BorrowedFd> lent;
  lent.reserve(mounts.size());
  for (const fs::DetachedMount& mount : mounts) lent.push_back(mount.root());
  if (!mounts.empty())
    for (const fs::DetachedMount& part : mounts.front().parts()) lent.push_back(part.root());
  UniqueFd message;
  if (launch.seccomp.agent.valid()) {
    TRY_SET(message, message_to_agent(launch.spec, state_of(launch, init), init));
    lent.push_back(message.borrow());
  }
  if (launch.plan.user_ns) TRY(talk.wait_for(Stage::kIdMap));
  if (launch.cgroup_later) TRY(talk.wait_for(Stage::kCgroup));
  TRY_SET(std::vector<UniqueFd> network, talk.wait_for(Stage::kMounts));
  TRY(set_scheduling(init, launch.process));
  // Init has its network by now, and the hooks that follow may want to see them there.
  if (const auto& devices = launch.spec.linux_.net_devices; !devices.empty())
    TRY(steps.run(info_of(LaunchStep::kNetDevices), [&]() -> Result<> {
      TRY_SET(launch.net_devices, MovedNetDevices::move(devices, init));
      return {};
    }));
  TRY(talk.answer(lent));
  return network;
}

// While init makes its root.
Result<> connect(const Launch& launch, pid_t init, std::vector<UniqueFd> made, ParentTalk& talk,
                 const Steps& steps) {
  const auto& network = launch.request.network;
  if (!network) return {};
  TRY(network->outside(steps, init, std::move(made)));
  TRY(talk.answer());
  TRY(talk.wait_for(Stage::kNetwork));
  return {};
}

std::set<Stage> stages_of(const Launch& launch) {
  std::set<Stage> stages = {Stage::kMounts, Stage::kReady};
  if (launch.plan.user_ns) stages.insert(Stage::kIdMap);
  if (launch.cgroup_later) stages.insert(Stage::kCgroup);
  if (has_create_hooks(launch.spec.hooks)) stages.insert(Stage::kHooks);
  if (launch.request.network) stages.insert(Stage::kNetwork);
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
  TRY_SET(std::vector<UniqueFd> made, prepare_container(launch, init.pid(), talk, steps));
  TRY(connect(launch, init.pid(), std::move(made), talk, steps));
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
                .labels = {},
                .net_devices = {},
                .reaper = {},
                .cgroup = {},
                .cgroup_later = request.place != nullptr};
  TRY_SET(launch.plan, plan_launch(request.spec, request.rights));
  if (!request.spec.process && !request.gate)
    return fail(Code::kInvalidArgument, "process is missing");
  if (has_create_hooks(request.spec.hooks) && !request.state)
    return fail(Code::kInvalidArgument, "hooks are set, but there is no state to tell them");
  TRY_SET(launch.joins, open_joins(launch.plan));
  launch.separate = separate_flags(launch.plan, launch.joins);
  TRY(check_names(launch.spec, launch.separate));
  TRY_SET(launch.seccomp, choose_seccomp(request.spec, launch.process, request.default_seccomp));
  TRY_SET(launch.labels, Labels::plan(launch.process, launch.spec.linux_.mount_label));
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
  launch.net_devices.keep();
  return Running{.init = std::move(init),
                 .terminal = *std::move(terminal),
                 .cgroup = std::move(launch.cgroup).group()};
}

}  // namespace planet::runtime
