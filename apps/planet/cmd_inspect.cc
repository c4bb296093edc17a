// planet inspect, container inspect, image inspect, network inspect, volume inspect: all that is known, as JSON or through a template.
#include <cstdio>

#include "base/strings.h"
#include "cli.h"
#include "engine/inspect.h"
#include "engine/network_report.h"
#include "engine/networks.h"
#include "engine/volumes.h"
#include "image/inspect.h"
#include "image/store.h"

namespace planet::cli {
namespace {

using Found = Result<oci::json::object>;

Found find_container(const Global& global, const std::string& name, bool size) {
  TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
  TRY_SET(const std::string id, engine::find_container(places, name));
  TRY_SET(const engine::Container container, engine::settle(places, id));
  oci::json::object object = engine::inspect_container(places, container);
  if (size) object["SizeRw"] = engine::changed_bytes(places, id);
  return object;
}

Found find_image(const Global& global, const std::string& name) {
  TRY_SET(const image::Store store, image::Store::open(global.root));
  return image::inspect_image(store, name);
}

Found find_network(const Global& global, const std::string& name) {
  TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
  TRY_SET(const network::Network network, engine::find_network(places, name));
  return engine::inspect_network(places, network);
}

Found find_volume(const Global& global, const std::string& name) {
  TRY_SET(const engine::Places places, engine::Places::open(global.root, global.runroot));
  TRY_SET(const engine::VolumeInfo volume, engine::read_volume(places, name));
  return engine::inspect_volume(places, volume);
}

// A name that is none of one kind's may be another's.
bool is_elsewhere(const Found& found) {
  return !found && (found.error().code() == Code::kNotFound ||
                    found.error().code() == Code::kInvalidArgument);
}

// In docker's order: a container goes before an image of its name.
Found find_any(const Global& global, const std::string& name, bool size) {
  Found found = find_container(global, name, size);
  if (is_elsewhere(found)) found = find_image(global, name);
  if (is_elsewhere(found)) found = find_network(global, name);
  if (is_elsewhere(found)) found = find_volume(global, name);
  if (!is_elsewhere(found)) return found;
  return fail(Code::kNotFound, "no such object: " + printable(name) +
                                   "; it is no container, image, network or volume that is here");
}

struct InspectWords {
  std::vector<std::string> names;
  std::string format;
  bool size = false;
};

void add_inspect_flags(CLI::App& app, InspectWords& words, const char* what) {
  app.add_option("-f,--format", words.format, "json, or a template such as {{.Id}}");
  app.add_option(what, words.names, "name or id")->required();
}

}  // namespace

int inspect_command(const Global& global, const std::vector<std::string>& args) {
  InspectWords words;
  std::string type;
  CLI::App app("Shows all that is known of containers, images, networks and volumes.",
               "planet inspect");
  add_inspect_flags(app, words, "object");
  app.add_flag("-s,--size", words.size, "of a container: how much it has changed, too");
  app.add_option("--type", type, "container, image, network or volume: only of these")
      ->check(CLI::IsMember({"container", "image", "network", "volume"}));
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print_inspected(words.names, words.format, [&](const std::string& name) {
    if (type == "container") return find_container(global, name, words.size);
    if (type == "image") return find_image(global, name);
    if (type == "network") return find_network(global, name);
    if (type == "volume") return find_volume(global, name);
    return find_any(global, name, words.size);
  });
}

int container_inspect_command(const Global& global, const std::vector<std::string>& args) {
  InspectWords words;
  CLI::App app("Shows all that is known of containers.", "planet container inspect");
  add_inspect_flags(app, words, "container");
  app.add_flag("-s,--size", words.size, "how much it has changed, too");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print_inspected(words.names, words.format, [&](const std::string& name) {
    return find_container(global, name, words.size);
  });
}

int image_inspect_command(const Global& global, const std::vector<std::string>& args) {
  InspectWords words;
  CLI::App app("Shows all that is known of images.", "planet image inspect");
  add_inspect_flags(app, words, "image");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print_inspected(words.names, words.format,
                         [&](const std::string& name) { return find_image(global, name); });
}

int network_inspect_command(const Global& global, const std::vector<std::string>& args) {
  InspectWords words;
  CLI::App app("Shows all that is known of networks.", "planet network inspect");
  add_inspect_flags(app, words, "network");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print_inspected(words.names, words.format,
                         [&](const std::string& name) { return find_network(global, name); });
}

int volume_inspect_command(const Global& global, const std::vector<std::string>& args) {
  InspectWords words;
  CLI::App app("Shows all that is known of volumes.", "planet volume inspect");
  add_inspect_flags(app, words, "volume");
  int status = 0;
  if (!parse(app, args, status)) return status;
  return print_inspected(words.names, words.format,
                         [&](const std::string& name) { return find_volume(global, name); });
}

}  // namespace planet::cli
