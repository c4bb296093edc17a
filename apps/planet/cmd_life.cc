// planet create, start, restart, wait, pause, unpause, rename: a container's life in single steps.
#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "each.h"
#include "engine/detach_keys.h"
#include "engine/start.h"
#include "image_getter.h"
#include "listening.h"
#include "run_flags.h"

namespace planet::cli {
namespace {

engine::RunHooks plain_hooks() {
  engine::RunHooks hooks;
  hooks.say = say;
  return hooks;
}

}  // namespace

int create_command(const Global& global, const std::vector<std::string>& args) {
  int status = 0;
  auto request = parse_run_flags(Making::kCreate, args, status);
  if (!request) return status;
  const auto engine = engine::Engine::open(global.root, global.runroot);
  if (!engine) return complain(engine.error(), kEngineFailed);
  engine::RunHooks hooks = plain_hooks();
  ImageGetter getter(global, *request);
  if (!getter.prepare(hooks)) return 1;
  const auto id = engine::create(*engine, *request, hooks);
  if (!id && getter.failed() != 0) return 1;
  if (!id) return complain(id.error(), 1);
  std::puts(id->c_str());
  return 0;
}

int start_command(const Global& global, const std::vector<std::string>& args) {
  engine::StartOptions options;
  std::vector<std::string> names;
  std::string keys;
  CLI::App app("Starts containers that are made or have ended.", "planet start");
  app.add_flag("-a,--attach", options.attach, "show its output, and end as it ends");
  app.add_flag("-i,--interactive", options.interactive, "give it the input of this command");
  app.add_option("--detach-keys", keys, "what leaves it running: ctrl-p,ctrl-q");
  app.add_option("container", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  options.attach = options.attach || options.interactive;
  if (options.attach && names.size() > 1)
    return complain("you cannot start and attach multiple containers at once");
  const auto bytes = engine::parse_detach_keys(keys);
  if (!bytes) return complain(bytes.error());
  options.detach_keys = *bytes;
  int ended = 0;
  status = for_each_id(global, names,
                       [&](const engine::Engine& engine, const std::string& id,
                           const std::string& name) -> Result<std::string> {
                         engine::RunHooks hooks = plain_hooks();
                         hooks.started = [&] { say_where_it_listens(engine.places, id); };
                         TRY_SET(ended, engine::start(engine, id, options, hooks));
                         if (!options.attach) say_where_it_listens(engine.places, id);
                         return options.attach ? std::string() : name;
                       });
  return status == 0 ? ended : status;
}

int restart_command(const Global& global, const std::vector<std::string>& args) {
  CLI::App app("Stops containers and starts them again.", "planet restart");
  int status = 0;
  const auto words = parse_stop_words(app, args, status);
  if (!words) return status;
  return for_each_id(global, words->names,
                     [&](const engine::Engine& engine, const std::string& id,
                         const std::string& name) -> Result<std::string> {
                       TRY(engine::restart(engine, id, words->timeout, plain_hooks()));
                       say_where_it_listens(engine.places, id);
                       return name;
                     });
}

int start_restarting_command(const Global& global, const std::vector<std::string>& args) {
  CLI::App app("After a boot: starts the containers whose restart policy wants it.",
               "planet container start-restarting");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto engine = engine::Engine::open(global.root, global.runroot);
  if (!engine) return complain(engine.error());
  const Result<> done = engine::start_restarting(
      *engine, plain_hooks(), [&](const std::string& name, const Error& error) {
        status = complain("start " + name + ": " + error.to_string());
      });
  return done ? status : complain(done.error());
}

int wait_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  CLI::App app("Waits until containers have ended, and prints their exit statuses.", "planet wait");
  app.add_option("container", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  return for_each_id(global, names,
                     [&](const engine::Engine& engine, const std::string& id,
                         const std::string& /*name*/) -> Result<std::string> {
                       TRY_SET(const int ended, engine::wait(engine, id));
                       return std::to_string(ended);
                     });
}

namespace {

int pause_or_not(const Global& global, const std::vector<std::string>& args, bool on) {
  std::vector<std::string> names;
  CLI::App app(on ? "Freezes containers: their processes get no time, and stay as they are."
                  : "Lets containers go on that were paused.",
               on ? "planet pause" : "planet unpause");
  app.add_option("container", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  return for_each_container(global, names,
                            [&](const engine::Engine& engine, const engine::Container& container) {
                              return engine::pause(engine, container, on);
                            });
}

}  // namespace

int pause_command(const Global& global, const std::vector<std::string>& args) {
  return pause_or_not(global, args, true);
}

int unpause_command(const Global& global, const std::vector<std::string>& args) {
  return pause_or_not(global, args, false);
}

int rename_command(const Global& global, const std::vector<std::string>& args) {
  std::string from;
  std::string to;
  CLI::App app("Gives a container another name.", "planet rename");
  app.add_option("container", from, "name or id")->required();
  app.add_option("name", to, "the new name")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  return for_each_id(global, {from},
                     [&](const engine::Engine& engine, const std::string& id,
                         const std::string& /*name*/) -> Result<std::string> {
                       TRY_SET(const engine::Container container,
                               engine::look_at(engine.places, id));
                       TRY(engine::rename(engine, container, to));
                       return std::string();
                     });
}

}  // namespace planet::cli
