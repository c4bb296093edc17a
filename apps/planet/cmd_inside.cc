// planet logs, attach, exec: what happens in a container.
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/containers.h"
#include "engine/detach_keys.h"
#include "engine/exec.h"
#include "engine/log.h"
#include "engine/start.h"
#include "pair_files.h"

namespace planet::cli {
namespace {

bool has_ended(const engine::Places& places, const std::string& id) {
  const auto container = engine::look_at(places, id);
  return !container || container->status == engine::Status::kExited ||
         container->status == engine::Status::kCreated;
}

void print_line(const engine::LogLine& line, bool timestamps) {
  std::FILE* to = line.stream == runtime::Stream::kOut ? stdout : stderr;
  if (timestamps) std::fprintf(to, "%s ", line.time.c_str());
  std::fwrite(line.text.data(), 1, line.text.size(), to);
  std::fflush(to);
}

}  // namespace

int logs_command(const Global& global, const std::vector<std::string>& args) {
  std::string name;
  std::string tail = "all";
  std::string since;
  std::string until;
  bool timestamps = false;
  bool details = false;
  engine::LogQuery query;
  CLI::App app("Shows what a container wrote.", "planet logs");
  app.add_flag("-f,--follow", query.follow, "go on until it ends");
  app.add_flag("-t,--timestamps", timestamps, "when each line was written");
  app.add_flag("--details", details, "for docker's sake: lines have no attributes");
  app.add_option("--since", since, "only what was written since: 10m, 2026-01-02T03:04:05Z");
  app.add_option("--until", until, "only what was written before");
  app.add_option("-n,--tail", tail, "only the last so many lines");
  app.add_option("container", name, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto done = [&]() -> Result<> {
    if (tail != "all") {
      TRY_SET(query.tail, parse_number<std::uint64_t>(tail, "--tail"));
    }
    if (!since.empty()) {
      TRY_SET(query.since, format::parse_moment(since, format::now()), "--since");
    }
    if (!until.empty()) {
      TRY_SET(query.until, format::parse_moment(until, format::now()), "--until");
    }
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(places, name));
    TRY_SET(const engine::Container container, engine::look_at(places, id));
    TRY(engine::check_log_file(container.record));
    query.files = container.record.log.files;
    return engine::read_log(
        places, id, query, [&](const engine::LogLine& line) { print_line(line, timestamps); },
        [&] { return has_ended(places, id); });
  }();
  return done ? 0 : complain(done.error());
}

int attach_command(const Global& global, const std::vector<std::string>& args) {
  std::string name;
  std::string keys;
  bool no_stdin = false;
  engine::AttachOptions options;
  CLI::App app("Shows what a running container writes, and gives it what is typed here.",
               "planet attach");
  app.add_flag("--no-stdin", no_stdin, "show only");
  app.add_flag("--sig-proxy,!--no-sig-proxy", options.pass_signals,
               "signals that arrive here go to the container");
  app.add_option("--detach-keys", keys, "what leaves it running: ctrl-p,ctrl-q");
  app.add_option("container", name, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto ended = [&]() -> Result<std::optional<int>> {
    TRY_SET(options.detach_keys, engine::parse_detach_keys(keys));
    options.input = !no_stdin;
    options.say = say;
    TRY_SET(const engine::Engine engine, engine::Engine::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(engine.places, name));
    TRY_SET(const engine::Container container, engine::settle(engine.places, id));
    if (options.input && container.record.terminal && ::isatty(0) != 1)
      return fail(Code::kInvalidArgument,
                  "the container has a terminal, and this input is none; give --no-stdin");
    return engine::attach(engine, container, options);
  }();
  if (!ended) return complain(ended.error());
  if (!*ended) say("left; the container goes on");
  return ended->value_or(0);
}

int exec_command(const Global& global, const std::vector<std::string>& args) {
  engine::ExecOptions options;
  CLI::App app("Runs one more command in a running container.", "planet exec");
  app.footer("planet exec [FLAGS] CONTAINER COMMAND...");
  app.prefix_command();
  app.add_flag("-i,--interactive", options.interactive, "give it the input of this command");
  app.add_flag("-t,--tty", options.terminal, "give it a terminal");
  app.add_flag("-d,--detach", options.detach, "do not wait for it");
  app.add_flag("--privileged", options.privileged, "all capabilities, no filter");
  std::vector<std::string> env;
  std::vector<std::string> env_files;
  add_list(app, "-e,--env", env, "NAME=VALUE; NAME alone is taken from here");
  add_list(app, "--env-file", env_files, "file of NAME=VALUE lines");
  app.add_option("-w,--workdir", options.work_dir, "working directory in the container");
  app.add_option("-u,--user", options.user, "NAME|UID[:GROUP|GID]");
  int status = 0;
  if (!parse(app, args, status)) return status;
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && is_stray_flag(app, rest.front())) return kEngineFailed;
  if (rest.size() < 2)
    return complain("exec needs a container and a command; see `planet exec --help`");
  options.command.assign(rest.begin() + 1, rest.end());
  if (options.terminal && options.interactive && ::isatty(0) != 1)
    return complain("-t needs a terminal as input, and this input is none; leave out -t");
  const auto ended = [&]() -> Result<int> {
    TRY(add_environment(env_files, env, options.env));
    TRY_SET(const engine::Engine engine, engine::Engine::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(engine.places, rest.front()));
    TRY_SET(const engine::Container container, engine::look_at(engine.places, id));
    return engine::exec(engine, container, options);
  }();
  if (ended) return *ended;
  return complain(ended.error(), exit_status(ended.error(), 1));
}

}  // namespace planet::cli
