// planet ps, stop, kill, rm
#include <signal.h>

#include <cstdio>
#include <ctime>

#include "base/strings.h"
#include "cli.h"
#include "each.h"
#include "engine/containers.h"
#include "engine/volumes.h"
#include "oci/json.h"
#include "sys/signals.h"

namespace planet::cli {
namespace {

// "3 minutes", as docker counts.
std::string duration_text(std::time_t seconds) {
  const auto count = [](std::time_t n, const char* unit) {
    return std::to_string(n) + " " + unit + (n == 1 ? "" : "s");
  };
  constexpr std::time_t kHour = 3600;
  constexpr std::time_t kDay = 24 * kHour;
  if (seconds < 1) return "Less than a second";
  if (seconds < 60) return count(seconds, "second");
  if (seconds < 120) return "About a minute";
  if (seconds < kHour) return count(seconds / 60, "minute");
  if (seconds < 2 * kHour) return "About an hour";
  if (seconds < 2 * kDay) return count(seconds / kHour, "hour");
  return count(seconds / kDay, "day");
}

std::string age(const std::string& time) {
  std::tm parts{};
  if (::strptime(time.c_str(), "%Y-%m-%dT%H:%M:%S", &parts) == nullptr) return "?";
  return duration_text(std::time(nullptr) - ::timegm(&parts));
}

std::string status_text(const engine::Container& container) {
  if (container.damage) return engine::is_up(container.status) ? "Damaged (running)" : "Damaged";
  switch (container.status) {
    case engine::Status::kCreated:
    case engine::Status::kChanging:
      return "Created";
    case engine::Status::kRunning:
      return "Up " + age(container.state->started);
    case engine::Status::kPaused:
      return "Up " + age(container.state->started) + " (Paused)";
    case engine::Status::kRestarting:
      return "Restarting (" + std::to_string(container.state->last_status.value_or(0)) + ") " +
             age(container.state->started) + " ago";
    case engine::Status::kExited:
      break;
  }
  if (!container.exit) return "Exited (its keeper died)";
  return "Exited (" + std::to_string(container.exit->status) + ") " +
         age(container.exit->finished) + " ago";
}

std::string quoted_command(const engine::Container& container, bool whole) {
  constexpr std::size_t kWidth = 20;
  std::string text = printable(join(container.record.command, " "));
  if (!whole && text.size() > kWidth) text = text.substr(0, kWidth - 1) + "…";
  return '"' + text + '"';
}

std::string shown_id(const engine::Container& container, bool whole) {
  return whole ? container.record.id : container.record.id.substr(0, engine::kShortId);
}

void print_json(const engine::Container& container, bool whole) {
  const oci::json::object object = {
      {"ID", shown_id(container, whole)},
      {"Names", container.record.name},
      {"Image", container.record.image},
      {"Command", quoted_command(container, true)},
      {"CreatedAt", container.record.created},
      {"State", container.damage ? "damaged" : engine::status_name(container.status)},
      {"Status", status_text(container)},
      {"Ports", ""}};
  std::puts(oci::to_text(object).c_str());
}

}  // namespace

int ps_command(const Global& global, const std::vector<std::string>& args) {
  bool all = false;
  bool quiet = false;
  bool whole = false;
  std::string format;
  CLI::App app("Lists containers.", "planet ps");
  app.add_flag("-a,--all", all, "those that have ended, too");
  app.add_flag("-q,--quiet", quiet, "ids only");
  app.add_flag("--no-trunc", whole, "whole ids and commands");
  app.add_option("--format", format, "json: one object a line")
      ->check(CLI::IsMember({"json", "table"}));
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto places = engine::Places::open(global.root, global.runroot);
  if (!places) return complain(places.error());
  const auto containers = engine::list_containers(*places);
  if (!containers) return complain(containers.error());
  std::vector<std::vector<std::string>> rows = {
      {"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAMES"}};
  for (const engine::Container& container : *containers) {
    if (!all && !engine::is_up(container.status)) continue;
    if (quiet) {
      std::puts(shown_id(container, whole).c_str());
    } else if (format == "json") {
      print_json(container, whole);
    } else {
      rows.push_back({shown_id(container, whole), printable(container.record.image),
                      quoted_command(container, whole), age(container.record.created) + " ago",
                      status_text(container), "", container.record.name});
    }
  }
  if (!quiet && format != "json") print_table(rows);
  return 0;
}

int stop_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  std::optional<std::string> seconds;
  CLI::App app("Asks containers to end, and kills those that do not.", "planet stop");
  add_text(app, "-t,--time,--timeout", seconds, "seconds until it kills; -1 waits for ever");
  app.add_option("container", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  std::optional<int> timeout;
  if (seconds) {
    const auto parsed = parse_stop_timeout("--time", *seconds);
    if (!parsed) return complain(parsed.error(), kEngineFailed);
    timeout = *parsed;
  }
  return for_each_container(
      global, names, [&](const engine::Engine& engine, const engine::Container& container) {
        return engine::stop_container(engine.places, container,
                                      timeout.value_or(container.record.stop_timeout));
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
  return for_each_container(global, names,
                            [&](const engine::Engine& engine, const engine::Container& container) {
                              Result<> sent = engine::kill_container(container, number);
                              if (sent && number == SIGKILL)
                                engine::wait_for_keeper(engine.places, container);
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
      });
}

}  // namespace planet::cli
