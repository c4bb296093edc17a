#include "engine/exec.h"

#include "base/strings.h"
#include "engine/environment.h"
#include "engine/events.h"
#include "engine/reserve.h"
#include "engine/seccomp_file.h"
#include "engine/sharing.h"
#include "engine/spec_plan.h"
#include "engine/streams.h"
#include "runtime/exec.h"
#include "runtime/own_program.h"
#include "runtime/relay.h"
#include "security/capabilities.h"
#include "sys/random.h"

namespace planet::engine {
namespace {

constexpr std::size_t kIdDigits = 64;

// The process of an exec, from what the container was started with.
Result<oci::Process> exec_process(const Record& record, const ExecOptions& options) {
  oci::Process process;
  process.terminal = options.terminal;
  process.args = options.command;
  process.env = process_environment(record.env, record.hostname, options.terminal);
  set_variables(process.env, options.env);
  process.cwd = options.work_dir.empty() ? record.work_dir : options.work_dir;
  std::vector<std::string> names = record.capabilities;
  if (options.privileged && record.private_users) names = security::all_capabilities();
  if (options.privileged && !record.private_users) {
    TRY_SET(names, security::own_capabilities());
  }
  process.capabilities = oci::Capabilities{
      .bounding = names, .effective = names, .inheritable = {}, .permitted = names, .ambient = {}};
  process.no_new_privileges = record.no_new_privileges;
  if (!options.privileged) process.apparmor_profile = record.apparmor_profile;
  return process;
}

oci::Spec exec_spec(const Record& record) {
  using oci::NamespaceType;
  oci::Spec spec;
  const Sharing& shared = record.shared;
  for (const NamespaceType type : {NamespaceType::kMount, NamespaceType::kCgroup})
    spec.linux_.namespaces.push_back({.type = type, .path = ""});
  for (const auto& [type, sharing] :
       {std::pair(NamespaceType::kPid, &shared.pid), std::pair(NamespaceType::kUts, &shared.uts),
        std::pair(NamespaceType::kIpc, &shared.ipc)})
    if (!shares_with_host(*sharing)) spec.linux_.namespaces.push_back({.type = type, .path = ""});
  if (!record.host_network)
    spec.linux_.namespaces.push_back({.type = NamespaceType::kNetwork, .path = ""});
  if (record.private_users) {
    spec.linux_.namespaces.push_back({.type = NamespaceType::kUser, .path = ""});
    spec.linux_.uid_mappings = {{.container_id = 0,
                                 .host_id = range_base(record.range.value_or(0)),
                                 .size = kIdsPerContainer}};
    spec.linux_.gid_mappings = spec.linux_.uid_mappings;
  }
  spec.linux_.cgroups_path = record.cgroup;
  return spec;
}

// What keeps a process from being one, in a container that runs, is 126 to whoever asked: docker's, and the shell's.
Error not_runnable(const Error& error) {
  if (error.code() == Code::kCommandNotFound) return error;
  return Error::from_wire(Code::kCommandNotRunnable, error.sys_errno(), error.what());
}

}  // namespace

Result<int> exec(const Engine& engine, const Container& container, const ExecOptions& options) {
  // Without its record nobody knows which rights are its own.
  TRY(check_whole(container));
  if (container.status == Status::kPaused)
    return fail(Code::kWrongState, "container " + container.record.name +
                                       " is paused; `planet unpause` lets it go on");
  TRY_SET(const UniqueFd init, open_init(container));
  const Record& record = container.record;
  if (!record.private_users) TRY(runtime::leave_writable_program());
  oci::Spec spec = exec_spec(record);
  if (record.own_seccomp && !options.privileged) {
    TRY_SET(spec.linux_.seccomp, kept_seccomp(engine.places, record.id),
            "read its seccomp profile");
  }
  TRY_SET(const oci::Process process, exec_process(record, options));
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  TRY_SET(Streams streams, Streams::make(options.interactive, options.terminal));
  runtime::ExecRequest request{
      .init = init.borrow(), .init_pid = container.state->pid, .spec = spec, .process = process};
  request.user = options.user.empty() ? record.user : options.user;
  request.groups = record.groups;
  request.stdio = streams.stdio();
  request.default_seccomp = record.seccomp_off || options.privileged
                                ? runtime::DefaultSeccomp::kNone
                                : runtime::DefaultSeccomp::kOwnProfile;
  request.die_with_parent = !options.detach;
  Result<runtime::Running> started = runtime::exec(request);
  if (!started) return std::unexpected(not_runnable(started.error()));
  runtime::Running running = *std::move(started);
  const std::string exec_id = sys::random_hex(kIdDigits);
  const std::string words = ": " + join(options.command, " ");
  const Attributes more = {{"execID", exec_id}};
  note_events(engine.places, std::vector{container_event(record, "exec_create" + words, more),
                                         container_event(record, "exec_start" + words, more)});
  streams.close_container_ends();
  streams.connections.terminal = std::move(running.terminal);
  if (options.detach) {
    (void)running.init.release();
    return 0;
  }
  connect_caller(streams.connections, {}, options.interactive);
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(running.init, std::move(streams.connections), signals));
  note_event(engine.places, container_event(record, "exec_die",
                                            {{"execID", exec_id},
                                             {"exitCode", std::to_string(status.shell_status())}}));
  return status.shell_status();
}

}  // namespace planet::engine
