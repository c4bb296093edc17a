#include "engine/commit.h"

#include <sys/stat.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "engine/container_ports.h"
#include "engine/container_root.h"
#include "engine/containers.h"
#include "engine/diff.h"
#include "engine/events.h"
#include "engine/image_change.h"
#include "engine/new_image.h"
#include "engine/start.h"
#include "image/compress.h"
#include "image/install.h"
#include "image/pack.h"
#include "image/staging.h"
#include "oci/json.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

namespace json = oci::json;

constexpr std::size_t kMostManifest = 4U << 20;
constexpr std::size_t kMostConfig = 8U << 20;
constexpr const char* kLayerFile = "layer";

// What the image under the container says of itself.
struct Base {
  image::Image image;
  oci::Manifest manifest;
  json::object config;  // the whole document
};

Result<std::string> read_blob(const Engine& engine, const std::string& hex, std::size_t limit) {
  return sys::read_file_at(engine.store.dir(), ("blobs/sha256/" + hex).c_str(), limit);
}

Result<Base> read_base(const Engine& engine, const Record& record) {
  Base base;
  auto found = engine.store.read_image(record.image_digest);
  if (!found && found.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, "the image " + quote(record.image) + " of container " +
                                     record.name + " has been removed; load it again");
  if (!found) return std::unexpected(std::move(found).error());
  base.image = *std::move(found);
  TRY_SET(const std::string manifest, read_blob(engine, base.image.digest, kMostManifest));
  TRY_SET(base.manifest, oci::parse_manifest(manifest));
  TRY_SET(const std::string config, read_blob(engine, base.image.config_digest, kMostConfig));
  TRY_SET(json::value value, oci::parse_json(config, kMostConfig));
  if (!value.is_object()) return fail(Code::kCorrupt, "the image's configuration is no object");
  base.config = std::move(value.get_object());
  return base;
}

// What all steps know.
struct Work {
  const Engine& engine;
  const Record& record;
  const image::Staging& staging;
  const CommitOptions& options;
};

// The new layer, packed into staging.
struct PackedChanges {
  image::Digest diff_id, blob;
  std::int64_t size = 0;
};

Result<PackedChanges> pack_changes(const Work& work, const image::Image& base) {
  const Record& record = work.record;
  TRY_SET(UniqueFd upper,
          sys::open_at(work.engine.places.root_dir.borrow(),
                       ("containers/" + record.id + "/upper").c_str(), O_PATH | O_DIRECTORY));
  TRY_SET(const struct stat top, sys::stat_fd(upper.borrow()));
  const image::IdView ids = ids_of(record);
  // The root directory itself only where it was changed: else it is what the image has.
  const bool same = (top.st_mode & 07777U) == base.root_mode &&
                    ids.inside(top.st_uid) == base.root_uid &&
                    ids.inside(top.st_gid) == base.root_gid;
  const auto tar = image::pack(std::move(upper), {.kind = image::PackKind::kLayer,
                                                  .name = "",
                                                  .top_entry = !same,
                                                  .ids = ids,
                                                  .leave_out = is_always_covered});
  image::HashingSource plain(*tar);
  const auto packed = image::compress(plain, image::Compression::kGzip);
  image::HashingSource hashed(*packed);
  TRY_SET(const UniqueFd out, sys::open_at(work.staging.dir(), kLayerFile,
                                           O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  while (true) {
    TRY_SET(const std::string_view piece, hashed.next());
    if (piece.empty()) break;
    TRY(sys::write_all(out.borrow(), piece), "write the layer");
  }
  return PackedChanges{.diff_id = plain.finish(),
                       .blob = hashed.finish(),
                       .size = static_cast<std::int64_t>(hashed.size())};
}

// How the container was run is how the image runs, as docker has it.
void take_over(const Record& record, json::object& config) {
  config["Env"] = oci::to_array(record.env);
  config["Cmd"] = oci::to_array(record.arguments);
  config["Entrypoint"] = oci::to_array(record.entrypoint);
  if (record.entrypoint.empty()) config.erase("Entrypoint");
  if (!record.user.empty()) config["User"] = record.user;
  if (record.work_dir != "/" || config.contains("WorkingDir"))
    config["WorkingDir"] = record.work_dir;
  json::object labels;
  for (const auto& [key, value] : record.labels) labels[key] = value;
  if (!labels.empty()) config["Labels"] = std::move(labels);
  if (!record.exposed.empty()) config["ExposedPorts"] = exposed_json(record.exposed);
}

Result<std::string> new_config(const Work& work, Base& base, const PackedChanges& changes) {
  const Record& record = work.record;
  const CommitOptions& options = work.options;
  json::object& document = base.config;
  const std::string now = sys::now_text();
  document["created"] = now;
  if (!options.author.empty()) document["author"] = options.author;
  for (const char* gone : {"container", "container_config", "id", "parent"}) document.erase(gone);
  json::object& config = object_in(document, "config");
  take_over(record, config);
  for (const std::string& line : options.changes) TRY(apply_change(line, config));
  json::object& rootfs = object_in(document, "rootfs");
  rootfs["type"] = "layers";
  array_in(rootfs, "diff_ids").emplace_back(changes.diff_id.text());
  json::object entry{{"created", now}, {"created_by", join(record.arguments, " ")}};
  if (!options.author.empty()) entry["author"] = options.author;
  if (!options.message.empty()) entry["comment"] = options.message;
  array_in(document, "history").emplace_back(std::move(entry));
  return oci::to_text(document);
}

// Docker's names for layers as OCI's.
std::string oci_layer_type(const std::string& type) {
  if (!type.starts_with("application/vnd.docker.")) return type;
  std::string base = "application/vnd.oci.image.layer.v1.tar";
  if (type.ends_with("gzip")) return base + "+gzip";
  if (type.ends_with("zstd")) return base + "+zstd";
  return base;
}

Result<image::Parts> new_parts(const Work& work, Base& base, const PackedChanges& changes) {
  const auto gone = []() -> Result<std::unique_ptr<image::PackedLayer>> {
    return fail(Code::kWrongState, "a layer of the container's image was removed meanwhile");
  };
  image::Parts parts;
  TRY_SET(parts.config_text, new_config(work, base, changes));
  for (oci::Descriptor& layer : base.manifest.layers) {
    // It is in the store, unpacked, since the container runs on it.
    TRY_SET(image::Digest digest, image::Digest::parse(layer.digest));
    parts.layers.push_back(
        {.blob = std::move(digest), .file = "", .has_blob = true, .open = gone, .done = {}});
    layer.media_type = oci_layer_type(layer.media_type);
  }
  parts.layers.push_back(
      {.blob = changes.blob,
       .file = kLayerFile,
       .has_blob = true,
       .open = [&staging = work.staging] { return image::open_staged(staging, kLayerFile); },
       .done = {}});
  parts.manifest.layers = base.manifest.layers;
  parts.manifest.layers.push_back({.media_type = image::layer_media_type(image::Compression::kGzip),
                                   .digest = changes.blob.text(),
                                   .size = changes.size});
  parts.manifest.config = {.media_type = kImageConfigType,
                           .digest = image::digest_of(parts.config_text).text(),
                           .size = static_cast<std::int64_t>(parts.config_text.size())};
  parts.manifest_text = oci::write_manifest(parts.manifest);
  return parts;
}

// Stopped in the middle of what it does, as long as this is open, and no longer if this process is killed. A host that
// cannot freeze is no reason to make no image: it is said.
UniqueFd pause_if_running(const Engine& engine, const StillContainer& still,
                          const CommitOptions& options) {
  if (!options.pause || still.lock.valid()) return {};
  auto paused = pause_meanwhile(engine, still.container);
  if (paused) return *std::move(paused);
  const bool ended = paused.error().code() == Code::kNotFound;
  if (options.say && !ended)
    options.say(still.container.record.name + " goes on meanwhile: it cannot be paused here (" +
                paused.error().to_string() + ")");
  return {};
}

}  // namespace

Result<std::string> commit(const Engine& engine, const std::string& id,
                           const CommitOptions& options) {
  TRY_SET(const std::vector<std::string> names, new_image_names(options.name));
  // Mistyped changes are found before the work.
  TRY(check_changes(options.changes));
  TRY_SET(const StillContainer still, hold_still(engine, id));
  const Record& record = still.container.record;
  if (!record.rootfs.empty())
    return fail(Code::kInvalidArgument, "container " + record.name +
                                            " runs on a directory, not on an image; use `planet "
                                            "export`");
  TRY_SET(Base base, read_base(engine, record));
  TRY_SET(const image::Staging staging, image::Staging::open(engine.store.dir()));
  const Work work{.engine = engine, .record = record, .staging = staging, .options = options};
  const auto packed = [&]() -> Result<PackedChanges> {
    const UniqueFd paused = pause_if_running(engine, still, options);
    return pack_changes(work, base.image);
  }();
  if (!packed)
    return std::unexpected(Error(packed.error()).while_doing("pack the changes of " + record.name));
  TRY_SET(const image::Parts parts, new_parts(work, base, *packed));
  image::Installation installation(engine.store, staging, {});
  TRY(installation.prepare(parts, names));
  TRY_SET(const std::vector<image::Loaded> made, installation.publish());
  note_event(engine.places,
             container_event(record, "commit", {{"imageID", "sha256:" + made.front().digest}}));
  return made.front().digest;
}

}  // namespace planet::engine
