// planet-runtime state, list, ps, features, spec.
#include <pwd.h>
#include <unistd.h>

#include <cstdio>
#include <memory>

#include "base/strings.h"
#include "cli.h"
#include "features.h"
#include "oci/json.h"
#include "oci/spec_default.h"
#include "oci/spec_json.h"
#include "runtime/life.h"
#include "sys/file.h"

namespace planet::cli {
namespace {

// The specification's state, and what other runtimes add to it and engines read.
oci::json::object state_object(const runtime::Saved& container) {
  const oci::State state = runtime::state_of(container, runtime::full_status(container));
  const std::string& root = container.spec.root->path;
  oci::json::object object = {{"ociVersion", state.oci_version},
                              {"id", state.id},
                              {"pid", state.pid},
                              {"status", std::string(oci::status_name(state.status))},
                              {"bundle", state.bundle},
                              {"rootfs", root.starts_with('/') ? root : state.bundle + "/" + root},
                              {"created", container.created},
                              {"owner", ""}};
  if (!state.annotations.empty()) {
    oci::json::object annotations;
    for (const auto& [key, value] : state.annotations) annotations[key] = value;
    object["annotations"] = std::move(annotations);
  }
  return object;
}

void add_state(CLI::App& app, std::vector<Command>& commands) {
  auto id = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("state", "the state of a container, as JSON");
  command->add_option("id", *id)->required();
  commands.push_back({command, [id](const Global& global) -> Result<int> {
                        TRY_SET(const runtime::Saved container, find(global, *id));
                        std::fputs(oci::to_pretty_text(state_object(container)).c_str(), stdout);
                        return 0;
                      }});
}

void print_list(const std::vector<runtime::Saved>& containers) {
  std::printf("%-24s %-11s %-11s %-30s %-31s %s\n", "ID", "PID", "STATUS", "BUNDLE", "CREATED",
              "OWNER");
  for (const runtime::Saved& one : containers) {
    const oci::Status status = runtime::full_status(one);
    const pid_t pid = status == oci::Status::kStopped ? 0 : one.init;
    std::printf("%-24s %-11d %-11s %-30s %-31s %s\n", one.id.c_str(), pid,
                std::string(oci::status_name(status)).c_str(), printable(one.bundle).c_str(),
                one.created.c_str(), "root");
  }
}

struct ListFlags {
  std::string format = "table";
  bool quiet = false;
};

Result<> check_format(const std::string& format) {
  if (format == "table" || format == "json") return {};
  return fail(Code::kInvalidArgument, "--format " + quote(format) + ": expected table or json");
}

Result<int> list(const Global& global, const ListFlags& flags) {
  TRY(check_format(flags.format));
  TRY_SET(const auto all, open_containers(global));
  TRY_SET(const std::vector<std::string> ids, all.ids());
  std::vector<runtime::Saved> containers;
  for (const std::string& id : ids)
    if (auto container = all.find(id)) containers.push_back(*std::move(container));
  if (flags.quiet) {
    for (const runtime::Saved& one : containers) std::puts(one.id.c_str());
  } else if (flags.format == "json") {
    oci::json::array array;
    for (const runtime::Saved& one : containers) array.push_back(state_object(one));
    std::puts(oci::to_text(array).c_str());
  } else {
    print_list(containers);
  }
  return 0;
}

void add_list(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<ListFlags>();
  CLI::App* command = app.add_subcommand("list", "all containers of this root");
  command->add_option("-f,--format", flags->format, "table or json");
  command->add_flag("-q,--quiet", flags->quiet, "ids only");
  commands.push_back({command, [flags](const Global& global) { return list(global, *flags); }});
}

struct PsFlags {
  std::string id, format = "table";
};

Result<int> ps(const Global& global, const PsFlags& flags) {
  TRY(check_format(flags.format));
  TRY_SET(const runtime::Saved container, find(global, flags.id));
  TRY_SET(const std::vector<pid_t> pids, runtime::processes_of(container));
  if (flags.format == "json") {
    std::puts(oci::to_text(oci::json::array(pids.begin(), pids.end())).c_str());
    return 0;
  }
  std::printf("%-10s %s\n", "PID", "CMD");
  for (const pid_t pid : pids) {
    const std::string path = "/proc/" + std::to_string(pid) + "/cmdline";
    std::string words = sys::read_file_at(sys::kCwd, path.c_str(), 4U << 20).value_or("");
    std::ranges::replace(words, '\0', ' ');
    std::printf("%-10d %s\n", pid, printable(trim(words)).c_str());
  }
  return 0;
}

void add_ps(CLI::App& app, std::vector<Command>& commands) {
  auto flags = std::make_shared<PsFlags>();
  CLI::App* command = app.add_subcommand("ps", "the processes of a container");
  command->add_option("-f,--format", flags->format, "table or json");
  command->add_option("id", flags->id)->required();
  commands.push_back({command, [flags](const Global& global) { return ps(global, *flags); }});
}

void add_features(CLI::App& app, std::vector<Command>& commands) {
  CLI::App* command = app.add_subcommand("features", "what this runtime can do, as JSON");
  commands.push_back({command, [](const Global&) -> Result<int> {
                        std::fputs(oci::write_features(own_features()).c_str(), stdout);
                        return 0;
                      }});
}

void add_spec(CLI::App& app, std::vector<Command>& commands) {
  struct Flags {
    std::string bundle = ".";
    bool rootless = false;
  };
  auto flags = std::make_shared<Flags>();
  CLI::App* command = app.add_subcommand("spec", "write a config.json to start from");
  command->add_option("-b,--bundle", flags->bundle, "directory to write it to");
  command->add_flag("--rootless", flags->rootless, "for an ordinary user");
  commands.push_back(
      {command, [flags](const Global&) -> Result<int> {
         constexpr const char* kConfig = "config.json";
         TRY_SET(const UniqueFd dir,
                 sys::open_at(sys::kCwd, flags->bundle.c_str(), O_RDONLY | O_DIRECTORY),
                 "open the bundle");
         if (sys::exists_at(dir.borrow(), kConfig))
           return fail(Code::kAlreadyExists, "there is a config.json in " + quote(flags->bundle) +
                                                 " already; remove it first");
         const oci::Spec spec =
             flags->rootless ? oci::rootless_spec(::geteuid(), ::getegid()) : oci::default_spec();
         TRY(sys::replace_file_at(dir.borrow(), kConfig, oci::write_spec(spec, oci::Form::kPretty),
                                  0644));
         return 0;
       }});
}

}  // namespace

void add_look_commands(CLI::App& app, std::vector<Command>& commands) {
  add_state(app, commands);
  add_list(app, commands);
  add_ps(app, commands);
  add_features(app, commands);
  add_spec(app, commands);
}

}  // namespace planet::cli
