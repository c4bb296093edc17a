#include "oci/image.h"

#include "base/strings.h"
#include "oci/json.h"

namespace planet::oci {
namespace {

constexpr std::size_t kMostManifest = 4U << 20;
constexpr std::size_t kMostConfig = 8U << 20;
constexpr std::size_t kMostLayers = 500;

constexpr std::string_view kIndexType = "application/vnd.oci.image.index.v1+json";

Result<Descriptor> read_descriptor(const json::value& value, std::string path) {
  TRY_SET(const Fields fields, Fields::of(value, std::move(path)));
  Descriptor descriptor;
  TRY(fields.read("mediaType", descriptor.media_type));
  TRY(fields.read("digest", descriptor.digest));
  TRY(fields.read("size", descriptor.size));
  TRY(fields.read_map("annotations", descriptor.annotations));
  TRY(fields.read("artifactType", descriptor.artifact_type));
  if (descriptor.size < 0) return fields.wrong("size", "a size");
  if (const json::value* urls = fields.find("urls"))
    descriptor.has_urls = !urls->is_array() || !urls->get_array().empty();
  if (const json::value* platform = fields.find("platform")) {
    TRY_SET(const Fields inner, Fields::of(*platform, fields.path_of("platform")));
    TRY(inner.read("architecture", descriptor.platform.architecture));
    TRY(inner.read("os", descriptor.platform.os));
    TRY(inner.read("variant", descriptor.platform.variant));
  }
  return descriptor;
}

Result<> read_descriptors(const Fields& fields, std::string_view name,
                          std::vector<Descriptor>& to) {
  TRY(fields.each(name, [&](const json::value& value, std::string path) -> Result<> {
    TRY_SET(Descriptor descriptor, read_descriptor(value, std::move(path)));
    to.push_back(std::move(descriptor));
    return {};
  }));
  if (to.size() > kMostLayers)
    return fail(Code::kInvalidArgument, fields.path_of(name) + " has more than " +
                                            std::to_string(kMostLayers) + " entries");
  return {};
}

Result<> read_health(const Fields& process, ImageHealth& to) {
  const json::value* field = process.find("Healthcheck");
  if (field == nullptr) return {};
  TRY_SET(const Fields health, Fields::of(*field, process.path_of("Healthcheck")));
  TRY(health.read("Test", to.test));
  TRY(health.read("Interval", to.interval));
  TRY(health.read("Timeout", to.timeout));
  TRY(health.read("StartPeriod", to.start_period));
  return health.read("Retries", to.retries);
}

// A set, which JSON writes as an object: {"/data": {}}.
Result<> read_set(const Fields& process, std::string_view name, std::vector<std::string>& to) {
  const json::value* field = process.find(name);
  if (field == nullptr) return {};
  TRY_SET(const Fields set, Fields::of(*field, process.path_of(name)));
  const Path here(set.path());
  for (const auto& [key, unused] : set.object()) {
    TRY_SET(std::string member, take_key(view(key), here));
    to.push_back(std::move(member));
  }
  return {};
}

Result<> refuse_hybrid(const Fields& fields) {
  if (fields.find("manifests") != nullptr &&
      (fields.find("layers") != nullptr || fields.find("config") != nullptr))
    return fail(Code::kInvalidArgument, "it is a manifest and an index at once");
  return {};
}

json::object write_descriptor(const Descriptor& descriptor) {
  json::object object;
  object["mediaType"] = descriptor.media_type;
  object["digest"] = descriptor.digest;
  object["size"] = descriptor.size;
  if (!descriptor.artifact_type.empty()) object["artifactType"] = descriptor.artifact_type;
  if (!descriptor.annotations.empty()) {
    json::object annotations;
    for (const auto& [key, value] : descriptor.annotations) annotations[key] = value;
    object["annotations"] = std::move(annotations);
  }
  return object;
}

json::array write_descriptors(const std::vector<Descriptor>& descriptors) {
  json::array array;
  for (const Descriptor& descriptor : descriptors) array.push_back(write_descriptor(descriptor));
  return array;
}

}  // namespace

bool is_index_type(std::string_view type) {
  return type == kIndexType || type == "application/vnd.docker.distribution.manifest.list.v2+json";
}

bool is_manifest_type(std::string_view type) {
  return type == kManifestType || type == "application/vnd.docker.distribution.manifest.v2+json";
}

bool is_layer_type(std::string_view type) {
  for (const std::string_view tar : {"application/vnd.oci.image.layer.v1.tar",
                                     "application/vnd.oci.image.layer.nondistributable.v1.tar",
                                     "application/vnd.docker.image.rootfs.diff.tar",
                                     "application/vnd.docker.image.rootfs.foreign.diff.tar"}) {
    if (!type.starts_with(tar)) continue;
    const std::string_view packed = type.substr(tar.size());
    return packed.empty() || packed == "+gzip" || packed == "+zstd" || packed == ".gzip" ||
           packed == ".zstd";
  }
  return false;
}

bool is_foreign_layer_type(std::string_view type) {
  return type.starts_with("application/vnd.oci.image.layer.nondistributable.") ||
         type.starts_with("application/vnd.docker.image.rootfs.foreign.");
}

bool is_config_type(std::string_view type) {
  return type == "application/vnd.oci.image.config.v1+json" ||
         type == "application/vnd.docker.container.image.v1+json";
}

Result<Manifest> parse_manifest(std::string_view text) {
  TRY_SET(const json::value value, parse_json(text, kMostManifest), "read manifest");
  TRY_SET(const Fields fields, Fields::of(value, ""), "read manifest");
  TRY(refuse_hybrid(fields), "read manifest");
  std::string media_type;
  TRY(fields.read("mediaType", media_type), "read manifest");
  if (!media_type.empty() && !is_manifest_type(media_type))
    return fail(Code::kInvalidArgument,
                "read manifest: mediaType " + quote(media_type) + " is not that of a manifest");
  const json::value* config = fields.find("config");
  if (config == nullptr) return fail(Code::kInvalidArgument, "read manifest: config is missing");
  Manifest manifest;
  if (!media_type.empty()) manifest.media_type = std::move(media_type);
  TRY_SET(manifest.config, read_descriptor(*config, "config"), "read manifest");
  TRY(read_descriptors(fields, "layers", manifest.layers), "read manifest");
  return manifest;
}

Result<Index> parse_index(std::string_view text) {
  TRY_SET(const json::value value, parse_json(text, kMostManifest), "read index");
  TRY_SET(const Fields fields, Fields::of(value, ""), "read index");
  TRY(refuse_hybrid(fields), "read index");
  Index index;
  TRY(fields.read("mediaType", index.media_type), "read index");
  if (!index.media_type.empty() && !is_index_type(index.media_type))
    return fail(Code::kInvalidArgument,
                "read index: mediaType " + quote(index.media_type) + " is not that of an index");
  TRY(read_descriptors(fields, "manifests", index.manifests), "read index");
  return index;
}

Result<ImageConfig> parse_image_config(std::string_view text) {
  const char* doing = "read image configuration";
  TRY_SET(const json::value value, parse_json(text, kMostConfig), doing);
  TRY_SET(const Fields fields, Fields::of(value, ""), doing);
  ImageConfig config;
  TRY(fields.read("architecture", config.architecture), doing);
  TRY(fields.read("variant", config.variant), doing);
  TRY(fields.read("os", config.os), doing);
  TRY(fields.read("created", config.created), doing);
  if (const json::value* inner = fields.find("config")) {
    TRY_SET(const Fields process, Fields::of(*inner, "config"), doing);
    TRY(process.read("User", config.user), doing);
    TRY(process.read("WorkingDir", config.working_dir), doing);
    TRY(process.read("StopSignal", config.stop_signal), doing);
    TRY(process.read("Env", config.env), doing);
    TRY(process.read("Entrypoint", config.entrypoint), doing);
    TRY(process.read("Cmd", config.cmd), doing);
    TRY(process.read_map("Labels", config.labels), doing);
    TRY(read_set(process, "Volumes", config.volumes), doing);
    TRY(read_set(process, "ExposedPorts", config.exposed), doing);
    TRY(read_health(process, config.health), doing);
  }
  const json::value* rootfs = fields.find("rootfs");
  if (rootfs == nullptr)
    return fail(Code::kInvalidArgument, std::string(doing) + ": rootfs is missing");
  TRY_SET(const Fields layers, Fields::of(*rootfs, "rootfs"), doing);
  TRY(layers.read("diff_ids", config.diff_ids), doing);
  return config;
}

Result<std::vector<ArchiveImage>> parse_archive_manifest(std::string_view text) {
  TRY_SET(const json::value value, parse_json(text, kMostManifest), "read manifest.json");
  const json::array* array = value.if_array();
  if (array == nullptr)
    return fail(Code::kInvalidArgument, "read manifest.json: it is not a list of images");
  std::vector<ArchiveImage> images;
  for (const json::value& element : *array) {
    TRY_SET(const Fields fields, Fields::of(element, "[" + std::to_string(images.size()) + "]"),
            "read manifest.json");
    ArchiveImage image;
    TRY(fields.read("Config", image.config), "read manifest.json");
    TRY(fields.read("RepoTags", image.repo_tags), "read manifest.json");
    TRY(fields.read("Layers", image.layers), "read manifest.json");
    if (image.layers.size() > kMostLayers)
      return fail(Code::kInvalidArgument, "read manifest.json: more than 500 layers");
    images.push_back(std::move(image));
  }
  return images;
}

std::string write_manifest(const Manifest& manifest) {
  json::object object;
  object["schemaVersion"] = 2;
  object["mediaType"] = manifest.media_type;
  object["config"] = write_descriptor(manifest.config);
  object["layers"] = write_descriptors(manifest.layers);
  return to_text(object);
}

std::string write_index(const Index& index) {
  json::object object;
  object["schemaVersion"] = 2;
  object["mediaType"] = kIndexType;
  object["manifests"] = write_descriptors(index.manifests);
  return to_text(object);
}

}  // namespace planet::oci
