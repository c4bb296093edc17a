#include "engine/import.h"

#include <fcntl.h>

#include <algorithm>
#include <utility>

#include "base/strings.h"
#include "engine/image_change.h"
#include "engine/new_image.h"
#include "image/compress.h"
#include "image/install.h"
#include "image/platform.h"
#include "image/space_guard.h"
#include "image/staging.h"
#include "image/stream.h"
#include "oci/json.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

namespace json = oci::json;

constexpr const char* kGivenFile = "archive";
constexpr const char* kLayerFile = "layer";

// Passes `from` (lent) on, and writes it into a file in staging.
class KeptSource : public ByteSource {
 public:
  KeptSource(ByteSource& from, const image::Staging& staging, UniqueFd out)
      : from_(from), out_(std::move(out)), space_(staging.dir()) {}
  Result<std::string_view> next() override {
    TRY_SET(const std::string_view piece, from_.next());
    TRY(space_.wrote(piece.size()));
    TRY(sys::write_all(out_.borrow(), piece), "write the layer");
    return piece;
  }

 private:
  ByteSource& from_;
  UniqueFd out_;
  image::SpaceGuard space_;
};

Result<UniqueFd> new_file(const image::Staging& staging, const char* name) {
  return sys::open_at(staging.dir(), name, O_WRONLY | O_CREAT | O_EXCL, 0600);
}

Result<> drain(ByteSource& source) {
  while (true) {
    TRY_SET(const std::string_view piece, source.next());
    if (piece.empty()) return {};
  }
}

// The layer, in staging as kLayerFile.
struct ImportedLayer {
  image::Digest diff_id, blob;
  std::int64_t size = 0;
  image::Compression compression = image::Compression::kGzip;
};

Result<ImportedLayer> take_archive(const image::Staging& staging, BorrowedFd archive) {
  const auto bytes = image::read_file(archive);
  image::HashingSource given(*bytes);
  TRY_SET(UniqueFd file, new_file(staging, kGivenFile));
  KeptSource kept(given, staging, std::move(file));
  TRY_SET(const auto plain, image::decompress(kept));
  image::HashingSource content(*plain);
  TRY(drain(content));
  ImportedLayer layer{.diff_id = content.finish(), .blob = given.finish()};
  layer.size = static_cast<std::int64_t>(given.size());
  if (layer.size == 0) return fail(Code::kInvalidArgument, "it is empty, and not a tar archive");
  TRY_SET(const UniqueFd start, sys::open_at(staging.dir(), kGivenFile, O_RDONLY));
  TRY_SET(const auto packed, image::compression_of(start.borrow()));
  if (packed) {
    layer.compression = *packed;
    TRY(sys::rename_at(staging.dir(), kGivenFile, staging.dir(), kLayerFile));
    return layer;
  }
  TRY_SET(const UniqueFd spooled, sys::open_at(staging.dir(), kGivenFile, O_RDONLY));
  const auto again = image::read_file(spooled.borrow());
  const auto compressed = image::compress(*again, image::Compression::kGzip);
  image::HashingSource hashed(*compressed);
  TRY_SET(file, new_file(staging, kLayerFile));
  KeptSource out(hashed, staging, std::move(file));
  TRY(drain(out));
  TRY(sys::unlink_at(staging.dir(), kGivenFile));
  layer.blob = hashed.finish();
  layer.size = static_cast<std::int64_t>(hashed.size());
  return layer;
}

// What is not said is the host's; a variant only where it is said.
Result<oci::Platform> platform_of(const std::string& text) {
  oci::Platform platform = image::host_platform();
  const bool has_variant = std::ranges::count(text, '/') == 2;
  if (!text.empty()) {
    TRY_SET(platform, image::parse_platform(text));
  }
  if (platform.os != "linux")
    return fail(Code::kInvalidArgument,
                quote(text) + ": images are made for linux only, as in linux/arm64");
  if (!has_variant) platform.variant.clear();
  return platform;
}

Result<std::string> new_config(const ImportOptions& options, const oci::Platform& platform,
                               const ImportedLayer& layer) {
  const std::string now = sys::now_text();
  json::object config;
  for (const std::string& line : options.changes) TRY(apply_change(line, config));
  json::object document{{"created", now},
                        {"architecture", platform.architecture},
                        {"os", platform.os},
                        {"config", std::move(config)}};
  if (!platform.variant.empty()) document["variant"] = platform.variant;
  document["rootfs"] =
      json::object{{"type", "layers"}, {"diff_ids", json::array{layer.diff_id.text()}}};
  // docker says so, wherever the archive comes from: what it gets is a stream.
  const std::string comment = options.message.empty() ? "Imported from -" : options.message;
  document["history"] = json::array{json::object{{"created", now}, {"comment", comment}}};
  return oci::to_text(document);
}

image::Parts parts_of(const image::Staging& staging, const ImportedLayer& layer,
                      std::string config) {
  image::Parts parts;
  parts.config_text = std::move(config);
  parts.layers.push_back({.blob = layer.blob,
                          .file = kLayerFile,
                          .has_blob = true,
                          .open = [&staging] { return image::open_staged(staging, kLayerFile); },
                          .done = {}});
  parts.manifest.layers.push_back({.media_type = image::layer_media_type(layer.compression),
                                   .digest = layer.blob.text(),
                                   .size = layer.size});
  parts.manifest.config = {.media_type = kImageConfigType,
                           .digest = image::digest_of(parts.config_text).text(),
                           .size = static_cast<std::int64_t>(parts.config_text.size())};
  parts.manifest_text = oci::write_manifest(parts.manifest);
  return parts;
}

}  // namespace

Result<std::string> import_archive(const image::Store& store, BorrowedFd archive,
                                   const ImportOptions& options) {
  TRY_SET(const std::vector<std::string> names, new_image_names(options.name));
  TRY_SET(const oci::Platform platform, platform_of(options.platform));
  TRY(check_changes(options.changes));  // mistyped, they are found before the work
  TRY_SET(const image::Staging staging, image::Staging::open(store.dir()));
  TRY_SET(const ImportedLayer layer, take_archive(staging, archive));
  TRY_SET(std::string config, new_config(options, platform, layer));
  image::Installation installation(store, staging, {});
  TRY(installation.prepare(parts_of(staging, layer, std::move(config)), names));
  TRY_SET(const std::vector<image::Loaded> made, installation.publish());
  return made.front().digest;
}

}  // namespace planet::engine
