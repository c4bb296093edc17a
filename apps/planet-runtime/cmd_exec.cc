// planet-runtime exec.
#include <algorithm>
#include <memory>

#include "base/strings.h"
#include "cli.h"
#include "oci/spec_json.h"
#include "process_flags.h"
#include "runtime/exec.h"
#include "runtime/life.h"
#include "runtime/own_program.h"
#include "sys/file.h"

namespace planet::cli {
namespace {

struct ExecFlags : ProcessFlags {
  std::string process_file, cwd, user, apparmor, label;
  std::vector<std::string> env, caps, cgroups, words;
  std::vector<gid_t> groups;
  bool terminal = false, no_new_privileges = false, ignore_paused = false;
};

Result<oci::User> parse_user(const std::string& text, oci::User user) {
  const std::size_t colon = text.find(':');
  TRY_SET(user.uid, parse_number<uid_t>(std::string_view(text).substr(0, colon), "--user"));
  user.gid = 0;
  if (colon == std::string::npos) return user;
  TRY_SET(user.gid, parse_number<gid_t>(std::string_view(text).substr(colon + 1), "--user"));
  return user;
}

Result<oci::Process> process_from_flags(const ExecFlags& flags, const runtime::Saved& container) {
  if (!container.spec.process)
    return fail(Code::kInvalidArgument,
                "the container has no process whose settings could be used");
  oci::Process process = *container.spec.process;
  process.args.assign(flags.words.begin() + 1, flags.words.end());
  process.terminal = flags.terminal;
  process.console_size.reset();
  process.rlimits = container.spec.process->rlimits;
  if (!flags.cwd.empty()) process.cwd = flags.cwd;
  process.env.insert(process.env.end(), flags.env.begin(), flags.env.end());
  if (!flags.user.empty()) {
    TRY_SET(process.user, parse_user(flags.user, process.user));
    process.user.additional_gids.clear();
  }
  process.user.additional_gids.insert(process.user.additional_gids.end(), flags.groups.begin(),
                                      flags.groups.end());
  if (flags.no_new_privileges) process.no_new_privileges = true;
  if (!flags.caps.empty() && !process.capabilities) process.capabilities.emplace();
  for (const std::string& name : flags.caps)
    for (auto* set : {&process.capabilities->bounding, &process.capabilities->effective,
                      &process.capabilities->permitted})
      if (std::ranges::find(*set, name) == set->end()) set->push_back(name);
  return process;
}

// Whatever it is, it is held to what the container is held to, unless something else is asked for.
void set_labels(const ExecFlags& flags, const runtime::Saved& container, oci::Process& process) {
  if (container.spec.process && process.apparmor_profile.empty())
    process.apparmor_profile = container.spec.process->apparmor_profile;
  if (container.spec.process && process.selinux_label.empty())
    process.selinux_label = container.spec.process->selinux_label;
  if (!flags.apparmor.empty()) process.apparmor_profile = flags.apparmor;
  if (!flags.label.empty()) process.selinux_label = flags.label;
}

Result<oci::Process> process_of(const ExecFlags& flags, const runtime::Saved& container) {
  if (flags.process_file.empty()) {
    if (flags.words.size() < 2)
      return fail(Code::kInvalidArgument, "exec needs a command, or --process with a file");
    return process_from_flags(flags, container);
  }
  TRY_SET(const std::string text,
          sys::read_file_at(sys::kCwd, flags.process_file.c_str(), oci::kMostConfigBytes));
  TRY_SET(oci::Process process, oci::parse_process(text), flags.process_file);
  if (flags.terminal) process.terminal = true;
  return process;
}

Result<int> exec(const Global& global, const ExecFlags& flags) {
  if (flags.words.empty()) return fail(Code::kInvalidArgument, "exec needs a container's id");
  TRY_SET(std::vector<BorrowedFd> fds, inherited_fds(flags, 0));
  TRY_SET(const runtime::Saved container, find(global, flags.words.front()));
  TRY_SET(const runtime::Rights rights, runtime::own_rights());
  TRY(runtime::protect_program(
      oci::find_namespace(container.spec.linux_, oci::NamespaceType::kUser) != nullptr, rights));
  const oci::Status status = runtime::full_status(container);
  if (status == oci::Status::kPaused && !flags.ignore_paused)
    return fail(Code::kWrongState, "container " + quote(container.id) +
                                       " is paused; resume it first, or give --ignore-paused");
  if (status == oci::Status::kStopped || status == oci::Status::kCreating)
    return fail(Code::kWrongState, "cannot exec in container " + quote(container.id) +
                                       ", which is " + std::string(oci::status_name(status)));
  TRY_SET(const UniqueFd init, runtime::open_init(container));
  TRY_SET(oci::Process process, process_of(flags, container));
  set_labels(flags, container, process);
  TRY(runtime::complete_process(container.spec, process, warner(global)));
  TRY(check_terminal(flags, process.terminal));
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  runtime::ExecRequest request{.init = init.borrow(),
                               .init_pid = container.init,
                               .spec = container.spec,
                               .process = process};
  request.stdio = own_stdio(process.terminal);
  request.state = runtime::state_of(container, status);
  request.extra_fds = std::move(fds);
  request.cgroups = flags.cgroups;
  request.rights = rights;
  TRY_SET(runtime::Running running, runtime::exec(request));
  TRY(hand_out(flags, running));
  return see_off(flags, std::move(running), signals);
}

}  // namespace

void add_exec_command(CLI::App& app, std::vector<Command>& commands) {
  constexpr int kExecFailed = 255;
  auto flags = std::make_shared<ExecFlags>();
  CLI::App* command = app.add_subcommand("exec", "run one more process in a container");
  command->footer("planet-runtime exec [FLAGS] ID COMMAND...");
  add_process_flags(*command, *flags);
  command->add_flag("-d,--detach", flags->detach, "do not wait for it");
  command->add_option("-p,--process", flags->process_file, "file with the process, as JSON");
  command->add_option("--cwd", flags->cwd, "working directory in the container");
  command->add_option("-e,--env", flags->env, "NAME=VALUE")->allow_extra_args(false);
  command->add_flag("-t,--tty", flags->terminal, "give it a terminal");
  command->add_option("-u,--user", flags->user, "UID[:GID]");
  command->add_option("-g,--additional-gids", flags->groups, "more groups")
      ->allow_extra_args(false);
  command->add_option("-c,--cap", flags->caps, "one more capability")->allow_extra_args(false);
  command
      ->add_option("--cgroup", flags->cgroups, "[CONTROLLER,...:]PATH below the container's group")
      ->allow_extra_args(false);
  command->add_option("--apparmor", flags->apparmor, "AppArmor profile, or unconfined");
  command->add_option("--process-label", flags->label, "SELinux label");
  command->add_flag("--no-new-privs", flags->no_new_privileges, "no more rights by execve");
  command->add_flag("--ignore-paused", flags->ignore_paused, "also in a paused container");
  command->prefix_command();
  commands.push_back({command,
                      [flags, command](const Global& global) {
                        flags->words = command->remaining();
                        return exec(global, *flags);
                      },
                      kExecFailed});
}

}  // namespace planet::cli
