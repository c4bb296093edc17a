// planet stop, kill, rm
#include <signal.h>

#include "base/strings.h"
#include "cli.h"
#include "each.h"
#include "engine/containers.h"
#include "engine/volumes.h"
#include "sys/signals.h"

namespace planet::cli {

int stop_command(const Global& global, const std::vector<std::string>& args) {
  CLI::App app("Asks containers to end, and kills those that do not.", "planet stop");
  int status = 0;
  const auto words = parse_stop_words(app, args, status);
  if (!words) return status;
  return for_each_container(
      global, words->names, [&](const engine::Engine& engine, const engine::Container& container) {
        return engine::stop_container(engine.places, container,
                                      words->timeout.value_or(container.record.stop_timeout));
      });
}

int kill_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  std::string signal = "KILL";
  CLI::App app("Sends a signal to containers.", "planet kill");
  app.add_option("-s,--signal", signal, "name or number");
  app.add_option("container", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const int number = sys::signal_number(signal);
  if (number == 0) return complain("--signal " + quote(signal) + ": no such signal");
  return for_each_container(
      global, names, [&](const engine::Engine& engine, const engine::Container& container) {
        Result<> sent = engine::kill_container(engine.places, container, number);
        if (sent && number == SIGKILL) engine::wait_for_keeper(engine.places, container);
        return sent;
      });
}

int rm_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  bool force = false;
  bool link = false;
  bool volumes = false;
  CLI::App app("Removes containers.", "planet rm");
  app.add_flag("-f,--force", force, "running ones, too");
  app.add_flag("-l,--link", link, "links between containers: there are none");
  app.add_flag("-v,--volumes", volumes, "with their volumes that have no name");
  app.add_option("container", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (link)
    return complain(
        "rm -l: planet has no links between containers; containers on one network find "
        "each other by name");
  return for_each_container(
      global, names,
      [&](const engine::Engine& engine, const engine::Container& container) -> Result<> {
        TRY(engine::remove_container(engine.places, container, force));
        if (volumes) engine::remove_anonymous_volumes(engine.places, container.record);
        return {};
      },
      force ? Missing::kIsSaid : Missing::kFails);
}

}  // namespace planet::cli
