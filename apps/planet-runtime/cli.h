// What the command files of planet-runtime share.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

#include "base/error.h"
#include "runtime/container_group.h"
#include "runtime/launch.h"
#include "runtime/saved.h"

namespace planet::cli {

// The flags before the command. Source: the habits of `runc`.
struct Global {
  std::string root;  // chosen by who calls, if it is not given
  std::string log, log_format = "text";
  std::string rootless = "auto", cgroup_manager;
  bool debug = false, systemd_cgroup = false;
  runtime::GroupWish group = runtime::GroupWish::kIfAllowed;
};

// A command: its flags are declared, and when they are parsed it is run. The exit status.
struct Command {
  CLI::App* app = nullptr;
  std::function<Result<int>(const Global& global)> run;
  int failed = 1;  // exit status for an error of ours
};

// Each adds commands of its file.
void add_process_commands(CLI::App& app, std::vector<Command>& commands);  // create run start
void add_exec_command(CLI::App& app, std::vector<Command>& commands);
void add_events_command(CLI::App& app, std::vector<Command>& commands);
void add_checkpoint_commands(CLI::App& app, std::vector<Command>& commands);  // checkpoint restore
void add_control_commands(CLI::App& app,
                          std::vector<Command>& commands);  // kill delete pause resume update
void add_look_commands(CLI::App& app,
                       std::vector<Command>& commands);  // state list ps features spec

// --debug: each step of a launch in the log or, without one, on standard error.
class DebugLog : public runtime::StepLog {
 public:
  explicit DebugLog(const Global& global) : global_(global) {}
  void step(const runtime::StepInfo& info, runtime::Side side, std::string_view detail,
            std::int64_t begin_ns, std::int64_t end_ns) override;

 private:
  const Global& global_;
};

// Tells of what is passed over, in the log or, without one, on standard error. To be used while `global` is there.
runtime::Warn warner(const Global& global);

// The containers of --root.
// Errors: kInvalidArgument, kPermission - an ordinary user has no place for them, or one that others can write.
Result<runtime::SavedContainers> open_containers(const Global& global);

Result<runtime::Saved> find(const Global& global, const std::string& id);

}  // namespace planet::cli
