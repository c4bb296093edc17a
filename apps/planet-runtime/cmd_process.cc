// planet-runtime create, run, start, exec: what brings processes into being.
#include <linux/magic.h>

#include <memory>

#include "base/strings.h"
#include "cli.h"
#include "oci/spec_json.h"
#include "runtime/exec.h"
#include "runtime/life.h"
#include "runtime/own_program.h"
#include "runtime/relay.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/socket.h"
#include "sys/terminal.h"

namespace planet::cli {
namespace {

// How a process is connected: what create, run and exec have in common.
struct ProcessFlags {
  std::string console_socket, pid_file;
  unsigned preserve_fds = 0;
  bool detach = false;
};

void add_flags(CLI::App& command, ProcessFlags& flags) {
  command.add_option("--console-socket", flags.console_socket,
                     "socket that is sent the terminal's master");
  command.add_option("--pid-file", flags.pid_file, "where to write the process id");
  command.add_option("--preserve-fds", flags.preserve_fds, "how many descriptors from 3 to pass");
}

Result<std::vector<BorrowedFd>> extra_fds(const ProcessFlags& flags) {
  constexpr int kFirst = 3;
  constexpr unsigned kMost = 4096;
  if (flags.preserve_fds > kMost)
    return fail(Code::kInvalidArgument, "--preserve-fds " + std::to_string(flags.preserve_fds) +
                                            ": expected at most " + std::to_string(kMost));
  std::vector<BorrowedFd> fds;
  fds.reserve(flags.preserve_fds);
  for (unsigned i = 0; i < flags.preserve_fds; ++i) fds.emplace_back(kFirst + static_cast<int>(i));
  return fds;
}

Result<> check_terminal(const ProcessFlags& flags, bool terminal) {
  if (terminal && flags.detach && flags.console_socket.empty())
    return fail(Code::kInvalidArgument,
                "process.terminal is true, and nobody is there to hold it: give --console-socket");
  if (!terminal && !flags.console_socket.empty())
    return fail(Code::kInvalidArgument,
                "--console-socket is given, but process.terminal is false: leave one of them out");
  return {};
}

std::optional<runtime::Stdio> own_stdio(bool terminal) {
  if (terminal) return std::nullopt;
  return runtime::Stdio{.in = BorrowedFd(0), .out = BorrowedFd(1), .err = BorrowedFd(2)};
}

Result<> write_pid(const ProcessFlags& flags, pid_t pid) {
  if (flags.pid_file.empty()) return {};
  return sys::replace_file_at(sys::kCwd, flags.pid_file.c_str(), std::to_string(pid), 0644);
}

Result<> send_terminal(const ProcessFlags& flags, BorrowedFd master) {
  TRY_SET(const UniqueFd socket, sys::connect_stream(flags.console_socket), "--console-socket");
  const BorrowedFd fds[] = {master};
  return sys::send_message(socket.borrow(), "/dev/ptmx", fds);
}

// Gives the terminal away, or holds it and waits for the end.
Result<int> see_off(const ProcessFlags& flags, runtime::Running running, sys::SignalFd& signals) {
  const bool hold = flags.console_socket.empty();
  if (flags.detach) {
    (void)running.init.release();
    return 0;
  }
  runtime::Connections connections;
  if (hold && running.terminal.valid()) {
    connections.terminal = std::move(running.terminal);
    connections.caller_in = BorrowedFd(0);
    connections.caller_out = BorrowedFd(1);
  }
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(running.init, std::move(connections), signals));
  return status.shell_status();
}

// ---- create and run -------------------------------------------------------------------------------------------

struct CreateFlags : ProcessFlags {
  std::string bundle = ".", id;
  bool keep = false, no_pivot = false, no_new_keyring = false;
};

Result<std::string> absolute(const std::string& path) {
  if (path.starts_with('/')) return path;
  TRY_SET(const std::string here, sys::current_dir());
  return path == "." ? here : here + "/" + path;
}

bool has_own_users(const oci::Spec& spec) {
  return std::ranges::any_of(spec.linux_.namespaces, [](const oci::Namespace& ns) {
    return ns.type == oci::NamespaceType::kUser;
  });
}

Result<runtime::CreateRequest> read_bundle(const CreateFlags& flags) {
  if (flags.no_pivot || flags.no_new_keyring)
    return fail(Code::kUnsupported,
                flags.no_pivot
                    ? "--no-pivot leaves the host's files within reach; it is not supported"
                    : "--no-new-keyring shows the caller's keys; it is not supported");
  TRY(runtime::check_container_id(flags.id));
  TRY_SET(const std::string bundle, absolute(flags.bundle));
  TRY_SET(const UniqueFd dir, sys::open_at(sys::kCwd, bundle.c_str(), O_RDONLY | O_DIRECTORY),
          "open the bundle");
  TRY_SET(const std::string text,
          sys::read_file_at(dir.borrow(), "config.json", oci::kMostConfigBytes), "open the bundle");
  TRY_SET(oci::Spec spec, oci::parse_spec(text), "config.json");
  if (!has_own_users(spec)) TRY(runtime::leave_writable_program());
  const bool terminal = spec.process && spec.process->terminal;
  TRY(check_terminal(flags, terminal));
  TRY_SET(std::vector<BorrowedFd> fds, extra_fds(flags));
  return runtime::CreateRequest{.id = flags.id,
                                .bundle = bundle,
                                .spec = std::move(spec),
                                .stdio = own_stdio(terminal),
                                .extra_fds = std::move(fds),
                                .warn = {}};
}

// What follows a create: the terminal to whoever asked for it, the process id to its file.
Result<> hand_out(const ProcessFlags& flags, const runtime::Running& running) {
  if (!flags.console_socket.empty()) TRY(send_terminal(flags, running.terminal.borrow()));
  return write_pid(flags, running.init.pid());
}

Result<runtime::Created> make(const Global& global, const CreateFlags& flags,
                              const runtime::SavedContainers& containers) {
  TRY_SET(runtime::CreateRequest request, read_bundle(flags));
  request.warn = warner(global);
  TRY_SET(runtime::Created created, runtime::create(containers, std::move(request)));
  if (const Result<> out = hand_out(flags, created.running); !out) {
    (void)runtime::remove(containers, created.container, true);
    return std::unexpected(out.error());
  }
  return created;
}

Result<int> create(const Global& global, const CreateFlags& flags) {
  TRY_SET(const auto containers, runtime::SavedContainers::open(global.root));
  TRY_SET(runtime::Created created, make(global, flags, containers));
  (void)created.running.init.release();
  return 0;
}

Result<int> run(const Global& global, const CreateFlags& flags) {
  TRY_SET(const auto containers, runtime::SavedContainers::open(global.root));
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  TRY_SET(runtime::Created created, make(global, flags, containers));
  auto status = [&]() -> Result<int> {
    TRY(runtime::start(created.container));
    return see_off(flags, std::move(created.running), signals);
  }();
  if (status && (flags.detach || flags.keep)) return status;
  Result<> removed = runtime::remove(containers, created.container, true);
  if (status && !removed) return std::unexpected(removed.error());
  return status;
}

void add_create_flags(CLI::App& command, CreateFlags& flags) {
  add_flags(command, flags);
  command.add_option("-b,--bundle", flags.bundle, "directory with config.json");
  command.add_flag("--no-pivot", flags.no_pivot, "refused: it would show the host's files");
  command.add_flag("--no-new-keyring", flags.no_new_keyring,
                   "refused: it would show the caller's keys");
  command.add_option("id", flags.id, "what to call it")->required();
}

void add_create(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<CreateFlags>();
  flags->detach = true;
  CLI::App* command = app.add_subcommand("create", "make a container, all but its command");
  add_create_flags(*command, *flags);
  commands.push_back({command, [flags](const Global& global) { return create(global, *flags); }});
}

void add_run(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<CreateFlags>();
  CLI::App* command = app.add_subcommand("run", "create, start, wait and delete");
  add_create_flags(*command, *flags);
  command->add_flag("-d,--detach", flags->detach, "neither wait nor delete");
  command->add_flag("--keep", flags->keep, "do not delete it afterwards");
  commands.push_back({command, [flags](const Global& global) { return run(global, *flags); }});
}

void add_start(CLI::App& app, std::vector<Command>& commands) {
  auto id = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("start", "execute the command of a created container");
  command->add_option("id", *id)->required();
  commands.push_back({command, [id](const Global& global) -> Result<int> {
                        TRY_SET(const runtime::Saved container, find(global, *id));
                        TRY(runtime::start(container));
                        return 0;
                      }});
}

// ---- exec -----------------------------------------------------------------------------------------------------

struct ExecFlags : ProcessFlags {
  std::string process_file, cwd, user;
  std::vector<std::string> env, caps, words;
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
  TRY_SET(const runtime::Saved container, find(global, flags.words.front()));
  if (!has_own_users(container.spec)) TRY(runtime::leave_writable_program());
  const oci::Status status = runtime::full_status(container);
  if (status == oci::Status::kPaused && !flags.ignore_paused)
    return fail(Code::kWrongState, "container " + quote(container.id) +
                                       " is paused; resume it first, or give --ignore-paused");
  if (status == oci::Status::kStopped || status == oci::Status::kCreating)
    return fail(Code::kWrongState, "cannot exec in container " + quote(container.id) +
                                       ", which is " + std::string(oci::status_name(status)));
  TRY_SET(const UniqueFd init, runtime::open_init(container));
  TRY_SET(oci::Process process, process_of(flags, container));
  TRY(runtime::complete_process(container.spec, process, warner(global)));
  TRY(check_terminal(flags, process.terminal));
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  runtime::ExecRequest request{.init = init.borrow(),
                               .init_pid = container.init,
                               .spec = container.spec,
                               .process = process};
  request.stdio = own_stdio(process.terminal);
  request.state = runtime::state_of(container, status);
  TRY_SET(request.extra_fds, extra_fds(flags));
  TRY_SET(runtime::Running running, runtime::exec(request));
  TRY(hand_out(flags, running));
  return see_off(flags, std::move(running), signals);
}

void add_exec(CLI::App& app, std::vector<Command>& commands) {
  constexpr int kExecFailed = 255;
  auto flags = std::make_shared<ExecFlags>();
  CLI::App* command = app.add_subcommand("exec", "run one more process in a container");
  command->footer("planet-runtime exec [FLAGS] ID COMMAND...");
  add_flags(*command, *flags);
  command->add_flag("-d,--detach", flags->detach, "do not wait for it");
  command->add_option("-p,--process", flags->process_file, "file with the process, as JSON");
  command->add_option("--cwd", flags->cwd, "working directory in the container");
  command->add_option("-e,--env", flags->env, "NAME=VALUE")->allow_extra_args(false);
  command->add_flag("-t,--tty", flags->terminal, "give it a terminal");
  command->add_option("-u,--user", flags->user, "UID[:GID]");
  command->add_option("-g,--additional-gids", flags->groups, "more groups")
      ->allow_extra_args(false);
  command->add_option("-c,--cap", flags->caps, "one more capability")->allow_extra_args(false);
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

}  // namespace

void add_process_commands(CLI::App& app, std::vector<Command>& commands) {
  add_create(app, commands);
  add_run(app, commands);
  add_start(app, commands);
  add_exec(app, commands);
}

}  // namespace planet::cli
