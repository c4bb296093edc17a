#include "image/install.h"

#include <sys/stat.h>

#include <algorithm>

#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostImages = 100;

Result<std::vector<Layer>> match_layers(const Parts& parts, const oci::ImageConfig& config) {
  if (config.diff_ids.size() != parts.layers.size())
    return fail(Code::kInvalidArgument,
                "the configuration names " + std::to_string(config.diff_ids.size()) +
                    " layers, the manifest " + std::to_string(parts.layers.size()));
  if (parts.layers.empty()) return fail(Code::kInvalidArgument, "the image has no layers");
  std::vector<Layer> layers;
  for (std::size_t i = 0; i < parts.layers.size(); ++i) {
    TRY_SET(Digest diff_id, Digest::parse(config.diff_ids[i]), "rootfs.diff_ids");
    Digest chain = chain_id(layers.empty() ? nullptr : &layers.back().chain, diff_id);
    const PartLayer& part = parts.layers[i];
    layers.push_back({.blob = part.blob,
                      .diff_id = std::move(diff_id),
                      .chain = std::move(chain),
                      .has_blob = part.has_blob,
                      .open = part.open,
                      .done = part.done});
  }
  return layers;
}

// What the image's root directory is like: as the topmost layer says that says it.
Result<> note_root(Image& image, const LayerPlace& place) {
  TRY_SET(const struct stat st, sys::lstat_at(place.dir, (place.path + "/fs").c_str()));
  image.root_mode = st.st_mode & 07777U;
  image.root_uid = st.st_uid;
  image.root_gid = st.st_gid;
  return {};
}

// From the topmost layer down: overlayfs merges the roots of all that it is given, so it must not be given what lies
// below a layer that hides everything.
Result<> note_layers(Image& image, const Store& store, const Staging& staging,
                     const std::vector<Layer>& layers) {
  bool hidden = false;
  bool rooted = false;
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    const LayerPlace place = layer_place(store, staging, layer->chain);
    TRY_SET(const UnpackedLayer unpacked, read_layer_record(place));
    image.chain.push_back(layer->chain.hex());
    if (hidden) continue;
    image.shown = image.chain.size();
    image.size += unpacked.bytes;
    if (unpacked.max_id > image.max_id) {
      image.max_id = unpacked.max_id;
      image.max_id_entry = unpacked.max_id_entry;
    }
    if (unpacked.root_entry && !rooted) TRY(note_root(image, place));
    rooted = rooted || unpacked.root_entry;
    hidden = unpacked.hides_below;
  }
  return {};
}

}  // namespace

Result<> Installation::prepare(const Parts& parts, const std::vector<std::string>& names,
                               const std::vector<std::string>& repo_digests) {
  if (staged_.images.size() == kMostImages)
    return fail(Code::kInvalidArgument, "the archive has more than 100 images");
  TRY_SET(oci::ImageConfig config, oci::parse_image_config(parts.config_text));
  TRY_SET(const std::vector<Layer> layers, match_layers(parts, config));
  TRY_SET(const std::vector<std::string> made, unpack_layers(store_, staging_, layers, options_));
  staged_.layers.insert(staged_.layers.end(), made.begin(), made.end());
  Image image;
  image.digest = digest_of(parts.manifest_text).hex();
  image.media_type = parts.manifest.media_type;
  image.config_digest = digest_of(parts.config_text).hex();
  image.config = std::move(config);
  TRY(note_layers(image, store_, staging_, layers));
  TRY(stage_blobs(parts));
  staged_.images.push_back(
      {.names = names, .repo_digests = repo_digests, .image = std::move(image)});
  return {};
}

Result<> Installation::stage_blobs(const Parts& parts) {
  for (const PartLayer& layer : parts.layers)
    if (sys::exists_at(staging_.dir(), layer.file.c_str()))
      staged_.blobs[layer.blob.hex()] = layer.file;
  for (const std::string* text : {&parts.config_text, &parts.manifest_text}) {
    const std::string hex = digest_of(*text).hex();
    TRY(staging_.write("blob-" + hex, *text));
    staged_.blobs[hex] = "blob-" + hex;
  }
  return {};
}

Result<std::vector<Loaded>> Installation::publish() {
  TRY(store_.publish(staging_, staged_));
  std::vector<Loaded> loaded;
  loaded.reserve(staged_.images.size());
  for (const StagedImage& one : staged_.images)
    loaded.push_back({.names = one.names, .digest = one.image.config_digest});
  return loaded;
}

}  // namespace planet::image
