// planet-runtime checkpoint, restore.
#include <memory>

#include "base/strings.h"
#include "bundle.h"
#include "cli.h"
#include "oci/spec_json.h"
#include "process_flags.h"
#include "runtime/checkpoint.h"
#include "runtime/restore.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

// Those of both commands.
struct CriuFlags {
  std::string id, empty_ns;
  runtime::CriuOptions options;
};

struct CheckpointFlags : CriuFlags {
  bool leave_running = false, pre_dump = false, lazy_pages = false;
  std::string parent, page_server, status_fd;
};

struct RestoreFlags : CriuFlags {
  ProcessFlags process;
  std::string bundle = ".", lsm_profile, lsm_context;
  bool no_pivot = false, no_subreaper = false, lazy_pages = false;
};

void add_criu_flags(CLI::App& command, CriuFlags& flags) {
  flags.options.images = "checkpoint";
  command.add_option("--image-path", flags.options.images, "directory of the checkpoint");
  command.add_option("--work-path", flags.options.work,
                     "where criu works and writes its log; else that of the checkpoint");
  command.add_flag("--tcp-established", flags.options.tcp_established, "with open connections");
  command.add_flag("--ext-unix-sk", flags.options.ext_unix_sk,
                   "with unix sockets that lead outside");
  command.add_flag("--shell-job", flags.options.shell_job, "a job of the caller's terminal");
  command.add_flag("--file-locks", flags.options.file_locks, "with file locks");
  command.add_flag("--auto-dedup", flags.options.auto_dedup,
                   "drop memory from a checkpoint once a later one, or the container, has it");
  command.add_option("--manage-cgroups-mode", flags.options.manage_cgroups,
                     "soft, full, strict or ignore");
  command.add_option("--empty-ns", flags.empty_ns, "network: without what is in the namespace");
  command.add_option("id", flags.id)->required();
}

Result<> refuse_lazy(bool given, const char* flag) {
  if (!given) return {};
  return fail(Code::kUnsupported, std::string(flag) +
                                      ": memory that follows later is not supported; leave it out, "
                                      "and take a --pre-dump first to make the stop short");
}

Result<runtime::CriuOptions> options_of(const CriuFlags& flags) {
  runtime::CriuOptions options = flags.options;
  if (options.images.empty())
    return fail(Code::kInvalidArgument, "--image-path is empty: expected a directory");
  TRY_SET(options.images, absolute(options.images));
  TRY_SET(options.work, absolute(options.work));
  if (!flags.empty_ns.empty() && flags.empty_ns != "network")
    return fail(Code::kInvalidArgument,
                "--empty-ns " + quote(flags.empty_ns) + ": expected network");
  options.empty_network = !flags.empty_ns.empty();
  return options;
}

Result<int> checkpoint(const Global& global, const CheckpointFlags& flags) {
  TRY(refuse_lazy(flags.lazy_pages, "--lazy-pages"));
  TRY(refuse_lazy(!flags.page_server.empty(), "--page-server"));
  TRY(refuse_lazy(!flags.status_fd.empty(), "--status-fd"));
  if (flags.parent.starts_with('/'))
    return fail(Code::kInvalidArgument, "--parent-path " + quote(flags.parent) +
                                            ": expected a path relative to --image-path");
  TRY_SET(runtime::CriuOptions options, options_of(flags));
  TRY_SET(const auto containers, open_containers(global));
  TRY_SET(const runtime::Saved container, containers.find(flags.id));
  TRY(runtime::checkpoint(containers, container,
                          {.options = std::move(options),
                           .leave_running = flags.leave_running,
                           .pre_dump = flags.pre_dump,
                           .parent = flags.parent}));
  return 0;
}

Result<runtime::RestoreRequest> read_request(const Global& global, const RestoreFlags& flags) {
  TRY(refuse_lazy(flags.lazy_pages, "--lazy-pages"));
  TRY(refuse_no_pivot(flags.no_pivot));
  TRY_SET(runtime::CriuOptions options, options_of(flags));
  TRY_SET(Bundle bundle, read_bundle(flags.bundle));
  const bool terminal = bundle.spec.process && bundle.spec.process->terminal;
  if (!terminal) TRY(check_terminal(flags.process, false));
  return runtime::RestoreRequest{.create = {.id = flags.id,
                                            .bundle = std::move(bundle.path),
                                            .spec = std::move(bundle.spec),
                                            .stdio = own_stdio(terminal),
                                            .extra_fds = {},
                                            .systemd_cgroup = global.systemd_cgroup,
                                            .warn = warner(global)},
                                 .options = std::move(options),
                                 .lsm_profile = flags.lsm_profile,
                                 .lsm_context = flags.lsm_context};
}

Result<int> restore(const Global& global, const RestoreFlags& flags) {
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  TRY_SET(runtime::RestoreRequest request, read_request(global, flags));
  TRY_SET(const auto containers, open_containers(global));
  TRY_SET(runtime::Created restored, runtime::restore(containers, std::move(request)));
  auto status = [&]() -> Result<int> {
    TRY(hand_out(flags.process, restored.running));
    return see_off(flags.process, std::move(restored.running), signals);
  }();
  if (status && flags.process.detach) return status;
  Result<> removed = runtime::remove(containers, restored.container, true);
  if (status && !removed) return std::unexpected(removed.error());
  return status;
}

void add_checkpoint(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<CheckpointFlags>();
  CLI::App* command = app.add_subcommand("checkpoint", "save a running container, through criu");
  add_criu_flags(*command, *flags);
  command->add_flag("--leave-running", flags->leave_running, "do not stop and delete it");
  command->add_flag("--pre-dump", flags->pre_dump, "memory alone, and the container runs on");
  command->add_option("--parent-path", flags->parent,
                      "an earlier checkpoint or pre-dump, relative to --image-path");
  command->add_flag("--lazy-pages", flags->lazy_pages, "refused: memory follows later");
  command->add_option("--page-server", flags->page_server, "refused: memory goes elsewhere");
  command->add_option("--status-fd", flags->status_fd, "refused: of --lazy-pages");
  commands.push_back(
      {command, [flags](const Global& global) { return checkpoint(global, *flags); }});
}

void add_restore(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<RestoreFlags>();
  CLI::App* command = app.add_subcommand("restore", "a container from a checkpoint, running");
  add_criu_flags(*command, *flags);
  command->add_option("-b,--bundle", flags->bundle, "directory with config.json");
  command->add_flag("-d,--detach", flags->process.detach, "neither wait nor delete");
  command->add_option("--pid-file", flags->process.pid_file, "where to write the process id");
  command->add_option("--console-socket", flags->process.console_socket,
                      "refused: a terminal cannot be restored");
  command->add_option("--lsm-profile", flags->lsm_profile,
                      "TYPE:NAME of another profile or label than before");
  command->add_option("--lsm-mount-context", flags->lsm_context,
                      "another SELinux context of mounts that have one");
  command->add_flag("--no-subreaper", flags->no_subreaper, "taken, and without effect");
  command->add_flag("--no-pivot", flags->no_pivot, "refused: it would show the host's files");
  command->add_flag("--lazy-pages", flags->lazy_pages, "refused: memory follows later");
  commands.push_back({command, [flags](const Global& global) { return restore(global, *flags); }});
}

}  // namespace

void add_checkpoint_commands(CLI::App& app, std::vector<Command>& commands) {
  add_checkpoint(app, commands);
  add_restore(app, commands);
}

}  // namespace planet::cli
