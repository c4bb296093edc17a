// planet-runtime create, run, start: what brings containers into being.
#include <cstdlib>
#include <memory>

#include "base/strings.h"
#include "bundle.h"
#include "cli.h"
#include "oci/spec_json.h"
#include "process_flags.h"
#include "runtime/life.h"
#include "runtime/notify.h"
#include "runtime/own_program.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

struct CreateFlags : ProcessFlags {
  std::string bundle = ".", id;
  bool keep = false, no_pivot = false, no_new_keyring = false;
};

// Where a service manager waits to hear that the service is ready: sd_notify(3).
std::optional<std::string> notify_socket() {
  const char* path = ::getenv("NOTIFY_SOCKET");
  if (path == nullptr || *path == '\0') return std::nullopt;
  return path;
}

Result<runtime::CreateRequest> read_request(const CreateFlags& flags) {
  TRY(refuse_no_pivot(flags.no_pivot));
  const unsigned listened = listened_fds();
  TRY_SET(std::vector<BorrowedFd> fds, inherited_fds(flags, listened));
  TRY(runtime::check_container_id(flags.id));
  TRY_SET(Bundle bundle, read_bundle(flags.bundle));
  oci::Spec& spec = bundle.spec;
  TRY_SET(const runtime::Rights rights, runtime::own_rights());
  TRY(runtime::protect_program(
      oci::find_namespace(spec.linux_, oci::NamespaceType::kUser) != nullptr, rights));
  const bool terminal = spec.process && spec.process->terminal;
  TRY(check_terminal(flags, terminal));
  if (spec.process && listened != 0) {
    spec.process->env.push_back("LISTEN_FDS=" + std::to_string(listened));
    spec.process->env.emplace_back("LISTEN_PID=1");
  }
  return runtime::CreateRequest{.id = flags.id,
                                .bundle = std::move(bundle.path),
                                .spec = std::move(spec),
                                .stdio = own_stdio(terminal),
                                .extra_fds = std::move(fds),
                                .new_keyring = !flags.no_new_keyring,
                                .rights = rights,
                                .systemd_cgroup = false,
                                .notify = notify_socket().has_value(),
                                .warn = {},
                                .log = nullptr};
}

Result<runtime::Created> make(const Global& global, const CreateFlags& flags) {
  TRY_SET(runtime::CreateRequest request, read_request(flags));
  TRY_SET(const auto containers, open_containers(global));
  request.warn = warner(global);
  request.group = global.group;
  request.systemd_cgroup = global.systemd_cgroup;
  DebugLog debug(global);
  if (global.debug) request.log = &debug;
  TRY_SET(runtime::Created created, runtime::create(containers, std::move(request)));
  if (const Result<> out = hand_out(flags, created.running); !out) {
    (void)runtime::remove(containers, created.container, true);
    return std::unexpected(out.error());
  }
  return created;
}

Result<int> create(const Global& global, const CreateFlags& flags) {
  TRY_SET(runtime::Created created, make(global, flags));
  (void)created.running.init.release();
  return 0;
}

// Starts it and, if somebody waits to hear that it is ready, passes that on: from here or, where we have other things to
// do meanwhile, from a process that ends with the result.
Result<sys::Child> start_and_tell(const runtime::Saved& container, bool wait) {
  TRY_SET(const runtime::NotifyRelay relay, runtime::NotifyRelay::open(container));
  TRY(runtime::start(container));
  const auto listener = notify_socket();
  if (!relay.used() || !listener) return sys::Child();
  if (wait) {
    TRY(relay.pass_on(container, *listener));
    return sys::Child();
  }
  TRY_SET(sys::Child teller, sys::clone_process({}));
  if (teller.valid()) return teller;
  sys::exit_now(relay.pass_on(container, *listener) ? 0 : 1);
}

Result<int> run(const Global& global, const CreateFlags& flags) {
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  TRY_SET(runtime::Created created, make(global, flags));
  auto status = [&]() -> Result<int> {
    TRY_SET(const auto teller, start_and_tell(created.container, flags.detach));
    return see_off(flags, std::move(created.running), signals);
  }();
  if (status && (flags.detach || flags.keep)) return status;
  TRY_SET(const auto containers, open_containers(global));
  Result<> removed = runtime::remove(containers, created.container, true);
  if (status && !removed) return std::unexpected(removed.error());
  return status;
}

void add_create_flags(CLI::App& command, CreateFlags& flags) {
  add_process_flags(command, flags);
  command.add_option("-b,--bundle", flags.bundle, "directory with config.json");
  command.add_flag("--no-pivot", flags.no_pivot, "refused: it would show the host's files");
  command.add_flag("--no-new-keyring", flags.no_new_keyring,
                   "leave it the caller's session keyring");
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
                        TRY(start_and_tell(container, true));
                        return 0;
                      }});
}

}  // namespace

void add_process_commands(CLI::App& app, std::vector<Command>& commands) {
  add_create(app, commands);
  add_run(app, commands);
  add_start(app, commands);
}

}  // namespace planet::cli
