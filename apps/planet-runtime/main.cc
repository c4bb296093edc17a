// planet-runtime: the OCI runtime, below engines that bring their own images. Thin: flags and config.json become a
// launch.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "base/strings.h"
#include "base/undo.h"
#include "cgroup/group.h"
#include "oci/spec_default.h"
#include "oci/spec_json.h"
#include "runtime/launch.h"
#include "runtime/own_program.h"
#include "runtime/relay.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

constexpr int kFailed = 1;
constexpr const char* kConfig = "config.json";

int complain(const std::string& text) {
  std::fprintf(stderr, "planet-runtime: %s\n", text.c_str());
  return kFailed;
}

struct RunFlags {
  std::string bundle = ".", id, pid_file;
  unsigned preserve_fds = 0;
};

Result<> check_container_id(const std::string& id) {
  constexpr std::string_view kWord =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-.";
  if (!id.empty() && id.size() <= 1024 && id != "." && id != ".." &&
      id.find_first_not_of(kWord) == std::string::npos)
    return {};
  return fail(Code::kInvalidArgument, "container id " + quote(id.substr(0, 100)) +
                                          " must be letters, digits, '_', '+', '-' and '.'");
}

Result<oci::Spec> read_bundle(const std::string& bundle) {
  TRY_SET(const UniqueFd dir, sys::open_at(sys::kCwd, bundle.c_str(), O_RDONLY | O_DIRECTORY),
          "open the bundle");
  TRY_SET(const std::string text, sys::read_file_at(dir.borrow(), kConfig, oci::kMostConfigBytes));
  TRY_SET(oci::Spec spec, oci::parse_spec(text), kConfig);
  if (!spec.root || spec.root->path.empty())
    return fail(Code::kInvalidArgument, std::string(kConfig) + ": root.path is missing");
  const std::string& path = spec.root->path;
  if (!path.starts_with('/')) spec.root->path = bundle + "/" + path;
  return spec;
}

bool has_own_users(const oci::Spec& spec) {
  return std::ranges::any_of(spec.linux_.namespaces, [](const oci::Namespace& ns) {
    return ns.type == oci::NamespaceType::kUser;
  });
}

void remove_cgroup(const std::string& path) {
  const auto host = cgroup::Host::open();
  if (!host) return;
  if (auto group = cgroup::Group::open(*host, path)) (void)group->remove();
}

Result<int> run(const RunFlags& flags) {
  TRY(check_container_id(flags.id));
  TRY_SET(oci::Spec spec, read_bundle(flags.bundle));
  if (!has_own_users(spec)) TRY(runtime::leave_writable_program());
  if (spec.linux_.cgroups_path.empty()) spec.linux_.cgroups_path = "/planet/" + flags.id;
  Undo undo;
  undo.add([&] { remove_cgroup(spec.linux_.cgroups_path); });
  TRY_SET(sys::SignalFd signals, sys::SignalFd::open());
  runtime::LaunchRequest request{.spec = spec,
                                 .root = runtime::DirectoryRoot{.path = spec.root->path}};
  const bool terminal = spec.process && spec.process->terminal;
  if (!terminal)
    request.stdio = runtime::Stdio{.in = BorrowedFd(0), .out = BorrowedFd(1), .err = BorrowedFd(2)};
  for (unsigned i = 0; i < flags.preserve_fds; ++i)
    request.extra_fds.emplace_back(static_cast<int>(3 + i));
  TRY_SET(runtime::Running running, runtime::launch(request));
  if (!flags.pid_file.empty())
    TRY(sys::replace_file_at(sys::kCwd, flags.pid_file.c_str(), std::to_string(running.init.pid()),
                             0644));
  runtime::Connections connections;
  connections.terminal = std::move(running.terminal);
  if (terminal) {
    connections.caller_in = BorrowedFd(0);
    connections.caller_out = BorrowedFd(1);
  }
  TRY_SET(const sys::ExitStatus status,
          runtime::relay(running.init, std::move(connections), signals));
  return status.shell_status();
}

Result<int> write_spec(const std::string& bundle) {
  TRY_SET(const UniqueFd dir, sys::open_at(sys::kCwd, bundle.c_str(), O_RDONLY | O_DIRECTORY),
          "open the bundle");
  if (sys::exists_at(dir.borrow(), kConfig))
    return fail(Code::kAlreadyExists,
                "there is a config.json in " + quote(bundle) + " already; remove it first");
  TRY(sys::replace_file_at(dir.borrow(), kConfig, oci::default_spec_text(), 0644));
  return 0;
}

int start(int argc, char** argv) {
  CLI::App app("The OCI runtime of Planet.", "planet-runtime");
  app.require_subcommand(1);
  app.set_version_flag("--version", "planet-runtime version " PLANET_VERSION "\nspec: 1.2.0");
  RunFlags flags;
  CLI::App* run_app = app.add_subcommand("run", "make a container from a bundle and wait for it");
  run_app->add_option("-b,--bundle", flags.bundle, "directory with config.json");
  run_app->add_option("--pid-file", flags.pid_file, "where to write the process id");
  run_app->add_option("--preserve-fds", flags.preserve_fds, "how many descriptors from 3 to pass");
  run_app->add_option("id", flags.id, "what to call it")->required();
  std::string bundle = ".";
  CLI::App* spec_app = app.add_subcommand("spec", "write a config.json to start from");
  spec_app->add_option("-b,--bundle", bundle, "directory to write it to");
  CLI11_PARSE(app, argc, argv);
  const auto status = run_app->parsed() ? run(flags) : write_spec(bundle);
  return status ? *status : complain(status.error().to_string());
}

}  // namespace
}  // namespace planet::cli

int main(int argc, char** argv) {
  return planet::cli::start(argc, argv);
}
