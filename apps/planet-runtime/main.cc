// planet-runtime: the OCI runtime, below engines that bring their own images. This file finds the command and tells of
// errors, on standard error and in the log that the engine above reads.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "base/strings.h"
#include "bundle.h"
#include "cli.h"
#include "oci/json.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

// One line, in the form and with the levels that engines read.
std::string log_line(const Global& global, const char* level, const std::string& text) {
  const std::string now = sys::now_text();
  if (global.log_format == "json")
    return oci::to_text(oci::json::object{{"level", level}, {"msg", text}, {"time", now}}) + "\n";
  return "time=" + quote(now) + " level=" + level + " msg=" + quote(text) + "\n";
}

void log(const Global& global, const char* level, const std::string& text) {
  if (global.log.empty()) return;
  const auto file =
      sys::open_at(sys::kCwd, global.log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (!file || !sys::write_all(file->borrow(), log_line(global, level, text)))
    std::fprintf(stderr, "planet-runtime: cannot write the log %s\n", global.log.c_str());
}

// In the log or, without one, on standard error.
void note(const Global& global, const char* level, const std::string& text) {
  if (global.log.empty()) std::fprintf(stderr, "planet-runtime: %s: %s\n", level, text.c_str());
  log(global, level, text);
}

void tell(const Global& global, const std::string& text) {
  std::fprintf(stderr, "planet-runtime: %s\n", text.c_str());
  log(global, "error", text);
}

Result<> choose_group_wish(Global& global) {
  if (global.rootless != "auto" && global.rootless != "true" && global.rootless != "false")
    return fail(Code::kInvalidArgument,
                "--rootless " + quote(global.rootless) + ": expected auto, true or false");
  if (global.rootless == "false") global.group = runtime::GroupWish::kRequired;
  const std::string& manager = global.cgroup_manager;
  if (manager.empty() || manager == "cgroupfs") return {};
  if (manager == "systemd")
    global.systemd_cgroup = true;
  else if (manager == "disabled")
    global.group = runtime::GroupWish::kNone;
  else
    return fail(Code::kInvalidArgument,
                "--cgroup-manager " + quote(manager) + ": expected cgroupfs, systemd or disabled");
  return {};
}

Result<int> check(Global& global) {
  if (global.log_format != "text" && global.log_format != "json")
    return fail(Code::kInvalidArgument,
                "--log-format " + quote(global.log_format) + ": expected text or json");
  TRY(choose_group_wish(global));
  return 0;
}

void add_global_flags(CLI::App& app, Global& global) {
  app.add_option("--root", global.root, "where containers' state is kept");
  app.add_option("--log", global.log, "file for errors, besides standard error");
  app.add_option("--log-format", global.log_format, "text or json");
  app.add_flag("--debug", global.debug, "log the steps of each launch");
  app.add_flag("--systemd-cgroup", global.systemd_cgroup,
               "systemd makes the control group, named SLICE:PREFIX:NAME");
  app.add_option("--cgroup-manager", global.cgroup_manager,
                 "who makes the control group: cgroupfs, systemd or disabled");
  app.add_option("--rootless", global.rootless,
                 "auto, true or false: whether a container may be without a control group");
  app.set_version_flag("-v,--version", "planet-runtime version " PLANET_VERSION "\nspec: 1.3.0");
}

// The commands of a file, and who declares their flags.
struct Family {
  std::vector<std::string_view> names;
  void (*add)(CLI::App& app, std::vector<Command>& commands);
};

// Declaring the flags of all commands costs a start more than reading config.json: only those of files with a command
// that is named are, or all where help or an error is to list them.
void add_commands(CLI::App& app, std::vector<Command>& commands,
                  const std::vector<std::string_view>& words) {
  const Family families[] = {
      {{"create", "run", "start"}, add_process_commands},
      {{"exec"}, add_exec_command},
      {{"kill", "delete", "pause", "resume", "update"}, add_control_commands},
      {{"state", "list", "ps", "features", "spec"}, add_look_commands},
      {{"events"}, add_events_command},
      {{"checkpoint", "restore"}, add_checkpoint_commands},
  };
  const auto named = [&](const Family& family) {
    return std::ranges::find_first_of(words, family.names) != words.end();
  };
  const std::string_view help[] = {"-h", "--help"};
  const bool all = std::ranges::find_first_of(words, help) != words.end() ||
                   std::ranges::none_of(families, named);
  for (const Family& family : families)
    if (all || named(family)) family.add(app, commands);
}

int start(int argc, char** argv) {
  CLI::App app("The OCI runtime of Planet.", "planet-runtime");
  app.require_subcommand(1);
  Global global;
  add_global_flags(app, global);
  std::vector<Command> commands;
  add_commands(app, commands, {argv + std::min(argc, 1), argv + argc});
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& wrong) {
    tell(global, std::string(wrong.what()) + "; see planet-runtime --help");
    return 1;
  }
  for (const Command& command : commands) {
    if (!command.app->parsed()) continue;
    auto status = check(global);
    if (status) status = command.run(global);
    if (status) return *status;
    tell(global, status.error().to_string());
    return command.failed;
  }
  return 1;
}

// Root's state is the machine's. An ordinary user's goes where nobody else can have put anything, also when the user's engine
// calls, as root of the user's namespace.
Result<std::string> usual_root() {
  constexpr const char* kMachines = "/run/planet-runtime";
  const char* users = ::getenv("XDG_RUNTIME_DIR");
  const bool has_users = users != nullptr && *users == '/';
  if (sys::own_user() == 0) {
    if (!has_users) return kMachines;
    TRY_SET(const runtime::Rights rights, runtime::own_rights());
    if (rights == runtime::Rights::kHost) return kMachines;
  }
  if (has_users) return std::string(users) + "/planet-runtime";
  return fail(Code::kInvalidArgument,
              "XDG_RUNTIME_DIR is not set, so there is no place for the state; give --root");
}

}  // namespace

runtime::Warn warner(const Global& global) {
  return [&global](const std::string& what) { note(global, "warning", what); };
}

void DebugLog::step(const runtime::StepInfo& info, runtime::Side /*side*/, std::string_view detail,
                    std::int64_t begin_ns, std::int64_t end_ns) {
  std::string text = info.name;
  if (!detail.empty()) text.append(" ").append(detail);
  note(global_, "debug", text + ": " + std::to_string((end_ns - begin_ns) / 1000) + " us");
}

Result<runtime::SavedContainers> open_containers(const Global& global) {
  const uid_t own = sys::own_user();
  TRY_SET(const std::string root, global.root.empty() ? usual_root() : absolute(global.root));
  if (own == 0) return runtime::SavedContainers::open(root);
  TRY_SET(const UniqueFd dir, sys::make_directories(sys::kCwd, root, 0700), "--root");
  TRY_SET(const struct stat st, sys::stat_fd(dir.borrow()));
  constexpr mode_t kOthersWrite = 0022;
  if (st.st_uid == own && (st.st_mode & kOthersWrite) == 0)
    return runtime::SavedContainers::open(root);
  return fail(Code::kPermission, "--root " + quote(root) +
                                     " is not the caller's own directory: another user could "
                                     "change what is in it; give another");
}

Result<runtime::Saved> find(const Global& global, const std::string& id) {
  TRY_SET(const auto containers, open_containers(global));
  return containers.find(id);
}

}  // namespace planet::cli

int main(int argc, char** argv) {
  return planet::cli::start(argc, argv);
}
