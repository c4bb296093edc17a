// planet top, stats, update: what a container uses, and what it may.
#include <unistd.h>

#include <cstdio>
#include <map>

#include "base/strings.h"
#include "cli.h"
#include "each.h"
#include "engine/parse.h"
#include "engine/top.h"
#include "engine/update.h"
#include "engine/usage.h"
#include "format/human.h"
#include "format/listing.h"
#include "resource_flags.h"
#include "sys/process.h"

namespace planet::cli {
namespace {

format::Layout stats_layout() {
  return {.table =
              "table "
              "{{.ID}}\t{{.Name}}\t{{.CPUPerc}}\t{{.MemUsage}}\t{{.MemPerc}}\t{{.NetIO}}\t"
              "{{.BlockIO}}\t{{.PIDs}}",
          .quiet = "{{.ID}}",
          .titles = {{"BlockIO", "BLOCK I/O"},
                     {"CPUPerc", "CPU %"},
                     {"CPUPressure", "CPU PRESSURE"},
                     {"Container", "CONTAINER"},
                     {"ID", "CONTAINER ID"},
                     {"IOPressure", "I/O PRESSURE"},
                     {"MemPerc", "MEM %"},
                     {"MemPressure", "MEM PRESSURE"},
                     {"MemUsage", "MEM USAGE / LIMIT"},
                     {"Name", "NAME"},
                     {"NetIO", "NET I/O"},
                     {"PIDs", "PIDS"}}};
}

std::string percent(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.2f%%", value);
  return text;
}

// Memory is counted in powers of 1024.
std::string memory_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  char text[32];
  std::snprintf(text, sizeof text, "%.4g%s", value, kUnits[unit]);
  return text;
}

std::string pressure_text(const std::optional<double>& value) {
  return value ? percent(*value) : "--";
}

struct Sample {
  engine::Container container;
  std::optional<engine::Usage> usage;  // none: it does not run
};

oci::json::object row_of(const Sample& sample, const engine::Usage* before, bool whole) {
  const engine::Record& record = sample.container.record;
  const std::string id = whole ? record.id : record.id.substr(0, engine::kShortId);
  oci::json::object row = {
      {"Container", record.name}, {"ID", id}, {"Name", record.name}, {"NetIO", "--"}};
  if (!sample.usage) {
    for (const char* field : {"BlockIO", "CPUPerc", "CPUPressure", "IOPressure", "MemPerc",
                              "MemPressure", "MemUsage", "PIDs"})
      row[field] = "--";
    return row;
  }
  const engine::Usage& now = *sample.usage;
  row["BlockIO"] = format::size_text(now.read) + " / " + format::size_text(now.written);
  row["CPUPerc"] = before == nullptr ? "--" : percent(engine::cpu_percent(*before, now));
  row["CPUPressure"] = pressure_text(now.cpu_pressure);
  row["IOPressure"] = pressure_text(now.io_pressure);
  row["MemPerc"] = percent(engine::memory_percent(now));
  row["MemPressure"] = pressure_text(now.memory_pressure);
  row["MemUsage"] = memory_text(now.memory) + " / " + memory_text(now.memory_limit);
  row["PIDs"] = std::to_string(now.processes);
  return row;
}

struct StatsWords : ListingWords {
  std::vector<std::string> names;
  bool all = false, no_stream = false;
};

Result<std::vector<Sample>> take_samples(const engine::Places& places, const StatsWords& words) {
  std::vector<engine::Container> containers;
  for (const std::string& name : words.names) {
    TRY_SET(const std::string id, engine::find_container(places, name));
    TRY_SET(engine::Container container, engine::look_at(places, id));
    containers.push_back(std::move(container));
  }
  if (words.names.empty()) {
    TRY_SET(containers, engine::list_containers(places));
  }
  std::vector<Sample> samples;
  for (engine::Container& container : containers) {
    auto usage = engine::usage_of(container);
    if (!usage && words.names.empty() && !words.all) continue;
    samples.push_back(
        {.container = std::move(container), .usage = usage ? std::optional(*usage) : std::nullopt});
  }
  return samples;
}

// What was used before each sample, by container: what was used in a time needs two looks.
using Usages = std::map<std::string, engine::Usage>;

std::vector<oci::json::object> rows_of(const std::vector<Sample>& samples, const Usages& before,
                                       bool whole) {
  std::vector<oci::json::object> rows;
  rows.reserve(samples.size());
  for (const Sample& sample : samples) {
    const auto old = before.find(sample.container.record.id);
    rows.push_back(row_of(sample, old == before.end() ? nullptr : &old->second, whole));
  }
  return rows;
}

Usages usages_of(const std::vector<Sample>& samples) {
  Usages usages;
  for (const Sample& sample : samples)
    if (sample.usage) usages[sample.container.record.id] = *sample.usage;
  return usages;
}

// False: nobody reads them any more.
bool print_stats(const std::string& table, bool live) {
  if (live) std::fputs("\033[H\033[J", stdout);
  std::fputs(table.c_str(), stdout);
  return std::fflush(stdout) == 0;
}

Result<> show_stats(const Global& global, const StatsWords& words) {
  constexpr int kPause = 1000;
  const bool terminal = ::isatty(1) == 1;
  TRY_SET(const format::Listing listing, plan_listing(stats_layout(), words));
  TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
  Usages before;
  for (bool first = true;; first = false) {
    TRY_SET(const std::vector<Sample> samples, take_samples(places, words));
    if (!first || !words.no_stream) {
      TRY_SET(const std::string text, listing.text(rows_of(samples, before, words.whole)));
      if (!print_stats(text, terminal && !words.no_stream)) return {};
      if (words.no_stream) return {};
    }
    before = usages_of(samples);
    sys::sleep_ms(kPause);
  }
}

}  // namespace

int top_command(const Global& global, const std::vector<std::string>& args) {
  CLI::App app("The processes of a container, as the host's ps shows them.", "planet top");
  app.footer("planet top CONTAINER [PS-OPTIONS...]");
  app.prefix_command();
  int status = 0;
  if (!parse(app, args, status)) return status;
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && is_stray_flag(app, rest.front())) return kEngineFailed;
  if (rest.empty()) return complain("top needs a container; see `planet top --help`");
  auto rows = [&]() -> Result<std::vector<std::vector<std::string>>> {
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(const std::string id, engine::find_container(places, rest.front()));
    TRY_SET(const engine::Container container, engine::settle(places, id));
    return engine::top(container, {rest.begin() + 1, rest.end()});
  }();
  if (!rows) return complain(rows.error());
  for (std::vector<std::string>& row : *rows)
    for (std::string& cell : row) cell = format::terminal_text(cell, false);
  print_table(*rows);
  return 0;
}

int stats_command(const Global& global, const std::vector<std::string>& args) {
  StatsWords words;
  CLI::App app("What running containers use, again each second.", "planet stats");
  app.add_flag("-a,--all", words.all, "those that do not run, too");
  add_listing_flags(app, words, {.whole = "whole ids"});
  app.add_flag("--no-stream", words.no_stream, "once");
  app.add_option("container", words.names, "name or id; all without one");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const Result<> shown = show_stats(global, words);
  return shown ? 0 : complain(shown.error());
}

int update_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  std::optional<std::string> restart;
  ResourceWords words;
  CLI::App app("Gives containers other limits, or another restart policy.", "planet update");
  Flags flags(app, args);
  add_resource_flags(flags, words);
  add_text(app, "--restart", restart, "no, on-failure[:N], always or unless-stopped");
  app.add_option("container", names, "name or id")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  oci::Resources resources;
  std::optional<engine::RestartPolicy> policy;
  const auto judged = [&]() -> Result<> {
    TRY(judge_resources(words, resources));
    if (restart) {
      TRY_SET(policy, engine::parse_restart(*restart));
    }
    if (resources == oci::Resources{} && !policy)
      return fail(Code::kInvalidArgument,
                  "update needs a limit or a policy to change; see `planet update --help`");
    return {};
  }();
  if (!judged) return complain(judged.error(), kEngineFailed);
  return for_each_container(global, names,
                            [&](const engine::Engine& engine, const engine::Container& container) {
                              return engine::update(engine.places, container, resources, policy);
                            });
}

}  // namespace planet::cli
