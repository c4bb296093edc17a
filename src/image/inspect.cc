#include "image/inspect.h"

#include <algorithm>
#include <utility>

#include "image/image_list.h"
#include "image/layer_install.h"

namespace planet::image {
namespace {

namespace json = oci::json;

constexpr std::size_t kMostConfig = 8U << 20;

Result<json::object> read_config(const Store& store, const Image& image) {
  TRY_SET(const std::string text, store.read_blob(image.config_digest, kMostConfig));
  TRY_SET(const json::value value, oci::parse_json(text, kMostConfig), "read the configuration");
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""), "read the configuration");
  return fields.object();
}

json::value field(const json::object& from, std::string_view name, const json::value& otherwise) {
  const json::value* found = from.if_contains({name.data(), name.size()});
  return found == nullptr || found->is_null() ? otherwise : *found;
}

// The fields that docker shows, in its order; absent ones as it shows those.
json::object config_of(const json::object& config) {
  const json::value inner = field(config, "config", json::object());
  const json::object& from = inner.is_object() ? inner.get_object() : config;
  json::object to;
  for (const char* name : {"Hostname", "Domainname", "User"}) to[name] = field(from, name, "");
  for (const char* name : {"AttachStdin", "AttachStdout", "AttachStderr"})
    to[name] = field(from, name, false);
  if (from.contains("ExposedPorts")) to["ExposedPorts"] = from.at("ExposedPorts");
  for (const char* name : {"Tty", "OpenStdin", "StdinOnce"}) to[name] = field(from, name, false);
  for (const char* name : {"Env", "Cmd"}) to[name] = field(from, name, nullptr);
  if (from.contains("Healthcheck")) to["Healthcheck"] = from.at("Healthcheck");
  to["Image"] = field(from, "Image", "");
  to["Volumes"] = field(from, "Volumes", nullptr);
  to["WorkingDir"] = field(from, "WorkingDir", "");
  for (const char* name : {"Entrypoint", "OnBuild", "Labels"})
    to[name] = field(from, name, nullptr);
  for (const char* name : {"StopSignal", "Shell"})
    if (from.contains(name)) to[name] = from.at(name);
  return to;
}

json::array familiar_names(const std::vector<std::string>& names) {
  json::array array;
  for (const std::string& name : names) {
    const std::string shown = familiar(name);
    array.emplace_back(json::string_view(shown.data(), shown.size()));
  }
  return array;
}

// All names of the images that have this id.
Result<Listed> names_of(const Store& store, const Image& image) {
  TRY_SET(const std::vector<Listed> listed, store.list());
  Listed all;
  for (const Listed& one : listed) {
    if (one.image.config_digest != image.config_digest) continue;
    all.names.insert(all.names.end(), one.names.begin(), one.names.end());
    all.repo_digests.insert(all.repo_digests.end(), one.repo_digests.begin(),
                            one.repo_digests.end());
  }
  std::ranges::sort(all.names);
  return all;
}

// Bytes that the layers add, lowest first.
std::vector<std::uint64_t> layer_sizes(const Store& store, const Image& image) {
  std::vector<std::uint64_t> sizes;
  for (auto chain = image.chain.rbegin(); chain != image.chain.rend(); ++chain) {
    const auto record = read_layer_record({.dir = store.dir(), .path = "layers/" + *chain});
    sizes.push_back(record ? record->bytes : 0);
  }
  return sizes;
}

std::string text_of(const json::object& from, std::string_view name) {
  const json::value value = field(from, name, "");
  const json::string* text = value.if_string();
  return text == nullptr ? "" : std::string(text->data(), text->size());
}

// The word on the last step, where the image has none of its own; as docker does.
json::value comment_of(const json::object& config) {
  json::value comment = field(config, "comment", "");
  const json::value history = field(config, "history", json::array());
  if (comment != "" || !history.is_array() || history.get_array().empty()) return comment;
  const json::value& last = history.get_array().back();
  return last.is_object() ? field(last.get_object(), "comment", "") : comment;
}

}  // namespace

Result<json::object> inspect_image(const Store& store, std::string_view text) {
  TRY_SET(const Image image, store.resolve(text));
  TRY_SET(const json::object config, read_config(store, image));
  TRY_SET(const Listed names, names_of(store, image));
  json::object to;
  to["Id"] = "sha256:" + image.config_digest;
  to["RepoTags"] = familiar_names(names.names);
  to["RepoDigests"] = familiar_names(names.repo_digests);
  to["Parent"] = "";
  to["Comment"] = comment_of(config);
  to["Created"] = field(config, "created", "");
  to["DockerVersion"] = field(config, "docker_version", "");
  to["Author"] = field(config, "author", "");
  to["Config"] = config_of(config);
  to["Architecture"] = field(config, "architecture", "");
  if (config.contains("variant")) to["Variant"] = config.at("variant");
  to["Os"] = field(config, "os", "");
  to["Size"] = image.size;
  to["VirtualSize"] = image.size;
  json::object layers{{"Type", "layers"}};
  const json::value rootfs = field(config, "rootfs", json::object());
  layers["Layers"] =
      rootfs.is_object() ? field(rootfs.get_object(), "diff_ids", json::array()) : json::array();
  to["RootFS"] = std::move(layers);
  return to;
}

Result<std::vector<HistoryStep>> image_history(const Store& store, std::string_view text) {
  TRY_SET(const Image image, store.resolve(text));
  TRY_SET(const json::object config, read_config(store, image));
  const std::vector<std::uint64_t> sizes = layer_sizes(store, image);
  std::vector<HistoryStep> steps;
  std::size_t layer = 0;
  const json::value history = field(config, "history", json::array());
  for (const json::value& one : history.is_array() ? history.get_array() : json::array()) {
    const json::object* from = one.if_object();
    if (from == nullptr) continue;
    HistoryStep step{.id = "",
                     .created = text_of(*from, "created"),
                     .created_by = text_of(*from, "created_by"),
                     .comment = text_of(*from, "comment")};
    const bool empty = field(*from, "empty_layer", false) == json::value(true);
    if (!empty && layer < sizes.size()) step.size = sizes[layer++];
    steps.push_back(std::move(step));
  }
  // Layers that nobody tells of are there all the same.
  for (; layer < sizes.size(); ++layer)
    steps.push_back({.created = image.config.created, .size = sizes[layer]});
  std::ranges::reverse(steps);
  if (!steps.empty()) steps.front().id = image.config_digest;
  return steps;
}

}  // namespace planet::image
