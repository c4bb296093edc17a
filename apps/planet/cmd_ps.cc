// planet ps, container prune: what containers there are.
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "each.h"
#include "engine/container_list.h"
#include "engine/health.h"
#include "engine/inspect.h"
#include "engine/network_report.h"
#include "engine/networks.h"
#include "format/human.h"
#include "format/listing.h"
#include "format/moment.h"
#include "oci/json.h"

namespace planet::cli {
namespace {

using engine::Container;

format::Layout layout(bool size) {
  const std::string common =
      "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t"
      "{{.Names}}";
  return {.table = size ? common + "\t{{.Size}}" : common,
          .quiet = "{{.ID}}",
          .titles = {{"Command", "COMMAND"},
                     {"CreatedAt", "CREATED AT"},
                     {"ID", "CONTAINER ID"},
                     {"Image", "IMAGE"},
                     {"Labels", "LABELS"},
                     {"LocalVolumes", "LOCAL VOLUMES"},
                     {"Mounts", "MOUNTS"},
                     {"Names", "NAMES"},
                     {"Networks", "NETWORKS"},
                     {"Ports", "PORTS"},
                     {"RunningFor", "CREATED"},
                     {"Size", "SIZE"},
                     {"State", "STATE"},
                     {"Status", "STATUS"}}};
}

// "3 minutes", since a moment of a record.
std::string since(const std::string& time) {
  const auto moment = format::parse_rfc3339(time);
  if (!moment) return "?";
  return format::duration_text((format::now() - *moment) / format::kSecond);
}

std::string health_text(const engine::Places& places, const Container& container) {
  if (container.record.health.test.empty()) return "";
  const auto health = engine::read_health(places, container.record.id);
  if (!health || health->status == engine::Health::kStarting) return " (health: starting)";
  return std::string(" (") + engine::health_name(health->status) + ")";
}

std::string status_text(const engine::Places& places, const Container& container) {
  using engine::Status;
  if (container.damage) return engine::is_up(container.status) ? "Damaged (running)" : "Damaged";
  switch (container.status) {
    case Status::kCreated:
    case Status::kChanging:
      return "Created";
    case Status::kRunning:
      return "Up " + since(container.state->started) + health_text(places, container);
    case Status::kPaused:
      return "Up " + since(container.state->started) + " (Paused)";
    case Status::kRestarting:
      return "Restarting (" + std::to_string(container.state->last_status.value_or(0)) + ") " +
             since(container.state->started) + " ago";
    case Status::kExited:
      break;
  }
  if (!container.exit) return "Exited (its keeper died)";
  return "Exited (" + std::to_string(container.exit->status) + ") " +
         since(container.exit->finished) + " ago";
}

std::string command_text(const Container& container, bool whole) {
  constexpr std::size_t kWidth = 20;
  // As docker shows it: words with blanks in quotes, so that one sees where they end.
  std::vector<std::string> words = container.record.command;
  for (std::size_t i = 1; i < words.size(); ++i)
    if (words[i].contains(' ')) words[i] = "'" + words[i] + "'";
  std::string text = printable(join(words, " "));
  if (!whole && text.size() > kWidth) text = text.substr(0, kWidth - 1) + "…";
  return '"' + text + '"';
}

std::string joined(const std::map<std::string, std::string>& pairs) {
  std::string text;
  for (const auto& [key, value] : pairs)
    text.append(text.empty() ? "" : ",").append(key).append("=").append(value);
  return text;
}

struct PsWords : ListingWords {
  bool size = false, latest = false;
};

// As docker has it, of one that is connected alone.
std::string ports_text(const engine::Places& places, const Container& container) {
  const engine::Connections connections = engine::connections_of(places, container);
  if (connections.networks.empty()) return "";
  return network::ports_text(connections.published, container.record.exposed);
}

std::string created_text(const engine::Record& record) {
  const auto created = format::parse_rfc3339(record.created);
  return created ? format::shown_moment(*created) : record.created;
}

oci::json::object labels_of(const engine::Record& record) {
  oci::json::object labels;
  for (const auto& [key, value] : record.labels) labels[key] = value;
  return labels;
}

std::string mounts_text(const engine::Record& record) {
  std::string text;
  for (const engine::RecordedMount& mount : record.mounts)
    text.append(text.empty() ? "" : ",").append(mount.name.empty() ? mount.source : mount.name);
  return text;
}

std::string volumes_text(const engine::Record& record) {
  return std::to_string(std::ranges::count(record.mounts, "volume", &engine::RecordedMount::type));
}

// Where it is asked for: all files of the container are looked at.
std::string size_text(const engine::Places& places, const engine::Record& record, bool asked) {
  return asked ? format::size_text(engine::changed_bytes(places, record.id)) : "0B";
}

// What one line is made of.
struct Line {
  const engine::Places& places;
  const Container& container;
  const engine::Record& record;
  bool whole, size;
};

// docker's columns, in the order of its JSON. A format may ask for any of them in many ways; the usual table shows a few, and
// of a thousand containers only those are made.
struct Column {
  const char* name;
  bool in_table;
  std::string (*cell)(const Line&);  // none: the labels, by name
};
constexpr Column kColumns[] = {
    {"Command", true,
     [](const Line& l) -> std::string { return command_text(l.container, l.whole); }},
    {"CreatedAt", false, [](const Line& l) -> std::string { return created_text(l.record); }},
    {"ID", true,
     [](const Line& l) -> std::string {
       return (l.whole ? l.record.id : l.record.id.substr(0, engine::kShortId));
     }},
    {"Image", true, [](const Line& l) -> std::string { return l.record.image; }},
    {"Label", false, nullptr},
    {"Labels", false, [](const Line& l) -> std::string { return joined(l.record.labels); }},
    {"LocalVolumes", false, [](const Line& l) -> std::string { return volumes_text(l.record); }},
    {"Mounts", false, [](const Line& l) -> std::string { return mounts_text(l.record); }},
    {"Names", true, [](const Line& l) -> std::string { return l.record.name; }},
    {"Networks", false,
     [](const Line& l) -> std::string { return join(engine::networks_of(l.record), ","); }},
    {"Ports", true, [](const Line& l) -> std::string { return ports_text(l.places, l.container); }},
    {"RunningFor", true,
     [](const Line& l) -> std::string { return format::ago(l.record.created, format::now()); }},
    {"Size", true,
     [](const Line& l) -> std::string { return size_text(l.places, l.record, l.size); }},
    {"State", false,
     [](const Line& l) -> std::string {
       return l.container.damage ? "damaged" : engine::status_name(l.container.status);
     }},
    {"Status", true,
     [](const Line& l) -> std::string { return status_text(l.places, l.container); }},
};

void put_cell(oci::json::object& row, const Column& column, const Line& line) {
  if (column.cell == nullptr)
    row.emplace(column.name, labels_of(line.record));
  else
    row.emplace(column.name, column.cell(line));
}

Result<std::string> list(const Global& global, engine::ListQuery query, const PsWords& words) {
  TRY_SET(query.filters, engine::parse_list_filters(words.filters));
  TRY_SET(const format::Listing listing, plan_listing(layout(words.size), words));
  TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
  TRY_SET(const std::vector<Container> containers, engine::query_containers(places, query));
  const bool table = words.format.empty();
  const bool size = words.size || (!table && words.format != "json" && listing.mentions("Size"));
  // They lie together, and go together.
  oci::json::monotonic_resource storage;
  std::vector<oci::json::object> rows;
  rows.reserve(containers.size());
  for (const Container& container : containers) {
    const Line line{places, container, container.record, words.whole, size};
    oci::json::object& row = rows.emplace_back(&storage);
    for (const Column& column : kColumns)
      if (column.in_table || !table) put_cell(row, column, line);
  }
  return listing.text(rows);
}

}  // namespace

int ps_command(const Global& global, const std::vector<std::string>& args) {
  engine::ListQuery query;
  PsWords words;
  CLI::App app("Lists containers.", "planet ps");
  app.add_flag("-a,--all", query.all, "those that have ended, too");
  add_listing_flags(
      app, words,
      {.filters = "id=, name=, label=, status=, exited=, ancestor=, before=, since=, volume=, "
                  "health=, network=, publish=, expose=",
       .whole = "whole ids and commands",
       .quiet = "ids only"});
  app.add_option("-n,--last", query.last, "the newest so many, in any state");
  app.add_flag("-l,--latest", words.latest, "the newest one, in any state");
  app.add_flag("-s,--size", words.size, "how much they have changed");
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (words.latest) query.last = 1;
  return print(list(global, std::move(query), words));
}

int container_prune_command(const Global& global, const std::vector<std::string>& args) {
  bool force = false;
  std::vector<std::string> texts;
  CLI::App app("Removes all containers that do not run.", "planet container prune");
  app.add_flag("-f,--force", force, "do not ask");
  add_list(app, "--filter", texts, "label=NAME[=VALUE], label!=NAME[=VALUE], until=TIME");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto pruned = [&]() -> Result<engine::Pruned> {
    TRY_SET(const format::Filters filters, engine::parse_prune_filters(texts));
    if (!force && !confirmed("This will remove all stopped containers.")) return engine::Pruned();
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    return engine::prune_containers(places, filters);
  }();
  if (!pruned) return complain(pruned.error());
  if (!pruned->ids.empty()) std::puts("Deleted Containers:");
  for (const std::string& id : pruned->ids) std::puts(id.c_str());
  if (!pruned->ids.empty()) std::puts("");
  std::printf("Total reclaimed space: %s\n", format::size_text(pruned->bytes).c_str());
  return 0;
}

}  // namespace planet::cli
