// planet volume create, ls, prune, rm
#include <unistd.h>

#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/events.h"
#include "engine/parse_mounts.h"
#include "engine/volumes.h"
#include "format/filter.h"
#include "format/human.h"
#include "format/listing.h"

namespace planet::cli {
namespace {

using engine::VolumeInfo;

oci::json::object as_object(const std::map<std::string, std::string>& pairs) {
  oci::json::object object;
  for (const auto& [key, value] : pairs) object[key] = value;
  return object;
}

std::string labels_text(const VolumeInfo& volume) {
  std::string text;
  for (const auto& [key, value] : volume.labels)
    text.append(text.empty() ? "" : ",").append(key).append("=").append(value);
  return text;
}

oci::json::object row_of(const engine::Places& places, const VolumeInfo& volume) {
  return {{"Availability", "N/A"},
          {"Driver", "local"},
          {"Group", "N/A"},
          {"Label", as_object(volume.labels)},
          {"Labels", labels_text(volume)},
          {"Links", "N/A"},
          {"Mountpoint", engine::volume_path(places, volume)},
          {"Name", volume.name},
          {"Scope", "local"},
          {"Size", "N/A"},
          {"Status", "N/A"}};
}

Result<std::string> list(const engine::Places& places, const format::Listing& listing,
                         const format::Filters& filters) {
  TRY_SET(const std::optional<bool> dangling, filters.truth("dangling"));
  TRY_SET(const std::vector<VolumeInfo> volumes, engine::list_volumes(places));
  engine::VolumeUsers users;
  if (dangling) {
    TRY_SET(users, engine::volume_users(places));
  }
  std::vector<oci::json::object> rows;
  for (const VolumeInfo& volume : volumes) {
    const bool fits = (!dangling || *dangling != users.contains(volume.name)) &&
                      filters.matches("name", volume.name) && filters.equals("driver", "local") &&
                      filters.labels_fit(volume.labels);
    if (fits) rows.push_back(row_of(places, volume));
  }
  return listing.text(rows);
}

const format::Layout& layout() {
  static const format::Layout kLayout{.table = "table {{.Driver}}\t{{.Name}}",
                                      .quiet = "{{.Name}}",
                                      .titles = {{"Availability", "AVAILABILITY"},
                                                 {"Driver", "DRIVER"},
                                                 {"Group", "GROUP"},
                                                 {"Labels", "LABELS"},
                                                 {"Links", "LINKS"},
                                                 {"Mountpoint", "MOUNTPOINT"},
                                                 {"Name", "VOLUME NAME"},
                                                 {"Scope", "SCOPE"},
                                                 {"Size", "SIZE"},
                                                 {"Status", "STATUS"}}};
  return kLayout;
}

}  // namespace

int volume_create_command(const Global& global, const std::vector<std::string>& args) {
  std::string name;
  std::string driver = "local";
  std::vector<std::string> labels;
  std::vector<std::string> options;
  CLI::App app("Makes a volume. One that is there already is left as it is.",
               "planet volume create");
  app.add_option("-d,--driver", driver, "local, the only one");
  add_list(app, "--label", labels, "NAME=VALUE");
  add_list(app, "-o,--opt", options, "type=none, o=bind, device=DIRECTORY");
  app.add_option("volume", name, "its name; a random one without it");
  int status = 0;
  if (!parse(app, args, status)) return status;
  if (driver != "local")
    return complain("volume create --driver " + quote(driver) + ": the driver of volumes is local");
  const auto made = [&]() -> Result<VolumeInfo> {
    VolumeInfo wanted;
    wanted.name = name;
    for (const std::string& text : labels) TRY(engine::add_pair("--label", text, wanted.labels));
    for (const std::string& text : options) TRY(engine::add_pair("--opt", text, wanted.options));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    TRY_SET(const UniqueFd volumes, engine::lock_volumes(places));
    TRY_SET(VolumeInfo volume, engine::make_volume(volumes.borrow(), wanted));
    if (volume.is_new) engine::note_event(places, engine::volume_event("create", volume.name));
    return volume;
  }();
  if (!made) return complain(made.error());
  std::puts(made->name.c_str());
  return 0;
}

int volume_ls_command(const Global& global, const std::vector<std::string>& args) {
  ListingWords words;
  CLI::App app("Lists volumes.", "planet volume ls");
  add_listing_flags(
      app, words,
      {.filters = "dangling=true|false, driver=, label=, name=", .quiet = "names only"});
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print([&]() -> Result<std::string> {
    TRY_SET(
        const format::Filters filters,
        format::Filters::parse(words.filters, {"dangling", "driver", "label", "label!", "name"}));
    TRY_SET(const format::Listing listing, plan_listing(layout(), words));
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    return list(places, listing, filters);
  }());
}

int volume_rm_command(const Global& global, const std::vector<std::string>& args) {
  std::vector<std::string> names;
  bool force = false;
  CLI::App app("Removes volumes that no container uses.", "planet volume rm");
  app.add_flag("-f,--force", force, "one that is not there is no error");
  app.add_option("volume", names, "name")->required();
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto places = engine::Places::open(global.root, global.runroot);
  if (!places) return complain(places.error());
  for (const std::string& name : names) {
    const Result<> removed = engine::remove_volume(*places, name, force);
    if (removed)
      std::puts(printable(name).c_str());
    else
      status = complain(removed.error());
  }
  return status;
}

int volume_prune_command(const Global& global, const std::vector<std::string>& args) {
  bool all = false;
  bool force = false;
  std::vector<std::string> words;
  CLI::App app("Removes volumes that no container uses and that nobody has named.",
               "planet volume prune");
  app.add_flag("-a,--all", all, "named ones, too");
  app.add_flag("-f,--force", force, "do not ask");
  add_list(app, "--filter", words, "label=NAME[=VALUE], label!=NAME[=VALUE]");
  int status = 0;
  if (!parse(app, args, status)) return status;
  const auto filters = format::Filters::parse(words, {"label", "label!"});
  if (!filters) return complain(filters.error());
  if (!force && !confirmed(all ? "This will remove all volumes not used by a container."
                               : "This will remove anonymous volumes not used by a container."))
    return 0;
  const auto pruned = [&]() -> Result<engine::PrunedVolumes> {
    TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
    return engine::prune_volumes(
        places, all, [&](const VolumeInfo& volume) { return filters->labels_fit(volume.labels); });
  }();
  if (!pruned) return complain(pruned.error());
  if (!pruned->names.empty()) {
    std::puts("Deleted Volumes:");
    for (const std::string& name : pruned->names) std::puts(name.c_str());
    std::puts("");
  }
  std::printf("Total reclaimed space: %s\n", format::size_text(pruned->bytes).c_str());
  return 0;
}

}  // namespace planet::cli
