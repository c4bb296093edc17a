#include "image/image_file.h"

#include "oci/json.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostImageFile = 16U << 20;

oci::json::object health_object(const oci::ImageHealth& health) {
  return {{"test", oci::to_array(health.test)},
          {"interval", health.interval},
          {"timeout", health.timeout},
          {"startPeriod", health.start_period},
          {"retries", health.retries}};
}

Result<> read_health(const oci::Fields& config, oci::ImageHealth& health) {
  const oci::json::value* inner = config.find("health");
  if (inner == nullptr) return {};
  TRY_SET(const oci::Fields fields, oci::Fields::of(*inner, "config.health"));
  TRY(fields.read("test", health.test));
  TRY(fields.read("interval", health.interval));
  TRY(fields.read("timeout", health.timeout));
  TRY(fields.read("startPeriod", health.start_period));
  return fields.read("retries", health.retries);
}

}  // namespace

std::string write_image(const Image& image) {
  oci::json::object object;
  object["digest"] = image.digest;
  object["mediaType"] = image.media_type;
  object["configDigest"] = image.config_digest;
  object["chain"] = oci::to_array(image.chain);
  object["shown"] = image.shown;
  object["maxId"] = image.max_id;
  object["maxIdEntry"] = image.max_id_entry;
  object["rootMode"] = image.root_mode;
  object["rootUid"] = image.root_uid;
  object["rootGid"] = image.root_gid;
  object["size"] = image.size;
  const oci::ImageConfig& config = image.config;
  oci::json::object labels;
  for (const auto& [key, value] : config.labels) labels[key] = value;
  oci::json::object said = {{"created", config.created},
                            {"user", config.user},
                            {"workingDir", config.working_dir},
                            {"stopSignal", config.stop_signal},
                            {"env", oci::to_array(config.env)},
                            {"entrypoint", oci::to_array(config.entrypoint)},
                            {"cmd", oci::to_array(config.cmd)},
                            {"labels", std::move(labels)},
                            {"volumes", oci::to_array(config.volumes)},
                            {"exposed", oci::to_array(config.exposed)}};
  if (!config.health.test.empty()) said["health"] = health_object(config.health);
  object["config"] = std::move(said);
  return oci::to_text(object);
}

Result<Image> parse_image(std::string_view text) {
  TRY_SET(const oci::json::value value, oci::parse_json(text, kMostImageFile));
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""));
  Image image;
  TRY(fields.read("digest", image.digest));
  image.media_type = oci::kManifestType;
  TRY(fields.read("mediaType", image.media_type));
  TRY(fields.read("configDigest", image.config_digest));
  TRY(fields.read("chain", image.chain));
  image.shown = image.chain.size();
  TRY(fields.read("shown", image.shown));
  TRY(fields.read("maxId", image.max_id));
  TRY(fields.read("maxIdEntry", image.max_id_entry));
  TRY(fields.read("rootMode", image.root_mode));
  TRY(fields.read("rootUid", image.root_uid));
  TRY(fields.read("rootGid", image.root_gid));
  TRY(fields.read("size", image.size));
  const oci::json::value* inner = fields.find("config");
  if (inner == nullptr) return fail(Code::kCorrupt, "config is missing");
  TRY_SET(const oci::Fields config, oci::Fields::of(*inner, "config"));
  TRY(config.read("created", image.config.created));
  TRY(config.read("user", image.config.user));
  TRY(config.read("workingDir", image.config.working_dir));
  TRY(config.read("stopSignal", image.config.stop_signal));
  TRY(config.read("env", image.config.env));
  TRY(config.read("entrypoint", image.config.entrypoint));
  TRY(config.read("cmd", image.config.cmd));
  TRY(config.read("volumes", image.config.volumes));
  TRY(config.read("exposed", image.config.exposed));
  TRY(config.read_map("labels", image.config.labels));
  TRY(read_health(config, image.config.health));
  return image;
}

}  // namespace planet::image
