// planet run
#include <unistd.h>

#include <cstdio>
#include <optional>
#include <string>

#include "cli.h"
#include "explain.h"
#include "image_getter.h"
#include "listening.h"
#include "run_flags.h"

namespace planet::cli {
namespace {

bool terminal_is_missing(const engine::RunRequest& request) {
  return request.terminal && request.interactive && request.attached.in && !request.detach &&
         ::isatty(0) != 1;
}

// What it says on standard output, and at a terminal. `made` takes the id.
engine::RunHooks hooks_for(const engine::RunRequest& request, const engine::Engine& engine,
                           std::optional<Explainer>& explainer, std::string& made) {
  engine::RunHooks hooks;
  hooks.say = say;
  const bool names_it = !request.detach && !request.attached.out && !request.attached.err;
  hooks.made = [&made, names_it](const std::string& id) {
    made = id;
    if (!names_it) return;
    std::puts(id.c_str());
    std::fflush(stdout);
  };
  hooks.detached = [&engine](const std::string& id) {
    std::puts(id.c_str());
    std::fflush(stdout);
    say_where_it_listens(engine.places, id);
  };
  hooks.started = [&] {
    say_where_it_listens(engine.places, made);
    if (explainer) explainer->total("and the command runs");
  };
  if (explainer) hooks.log = &*explainer;
  return hooks;
}

}  // namespace

int run_command(const Global& global, const std::vector<std::string>& args) {
  int status = 0;
  auto request = parse_run_flags(Making::kRun, args, status);
  if (!request) return status;
  if (terminal_is_missing(*request))
    return complain("-t needs a terminal as input, and this input is none; leave out -t");
  std::optional<Explainer> explainer;
  if (request->explain != engine::Explain::kNo) explainer.emplace(request->explain);
  const auto engine = engine::Engine::open(global.root, global.runroot);
  if (!engine) return complain(engine.error(), kEngineFailed);
  std::string made;
  engine::RunHooks hooks = hooks_for(*request, *engine, explainer, made);
  ImageGetter getter(global, *request);
  if (!getter.prepare(hooks)) return getter.failed();
  const auto ended = engine::run(*engine, *request, hooks);
  if (!ended && getter.failed() != 0) return getter.failed();
  if (!ended) return complain(ended.error(), exit_status(ended.error(), kEngineFailed));
  if (explainer && !request->detach)
    explainer->total("all in all, with the command and the tidying up");
  return *ended;
}

}  // namespace planet::cli
