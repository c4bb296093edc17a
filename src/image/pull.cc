#include "image/pull.h"

#include <memory>
#include <utility>

#include "base/strings.h"
#include "image/fetched_layer.h"
#include "image/install.h"
#include "image/platform.h"
#include "image/remote.h"
#include "image/staging.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr int kMostIndexDepth = 4;
constexpr std::size_t kMostConfig = 8U << 20;
constexpr unsigned kLeastWorkers = 3;  // as docker: what is far away is waited for most of the time

std::string known_platforms(const oci::Index& index) {
  std::vector<std::string> all;
  for (const oci::Descriptor& one : index.manifests)
    if (!one.platform.os.empty() && one.platform.os != "unknown")
      all.push_back(printable(platform_text(one.platform)));
  return join(all, ", ").substr(0, 300);
}

Result<> check_layer(const oci::Descriptor& layer) {
  if (oci::is_foreign_layer_type(layer.media_type) || layer.has_urls)
    return fail(Code::kUnsupported,
                "it is kept somewhere else than in the registry, where planet does not fetch it");
  if (!oci::is_layer_type(layer.media_type))
    return fail(Code::kInvalidArgument,
                "it is of type " + quote(layer.media_type) + ", and not a tar archive");
  return {};
}

// One pull of an image at a time. Bytes of one file stand for images, so that nothing is left to tidy up; two images that share
// a byte only wait for one another.
Result<UniqueFd> lock_image(const Store& store, const Digest& digest, PullWatcher& watcher) {
  constexpr int kDigits = 15;  // 60 bits: an offset in a file
  TRY_SET(UniqueFd file, sys::open_at(store.dir(), "pulls", O_RDWR | O_CREAT, 0600));
  TRY_SET(const std::uint64_t at,
          parse_number<std::uint64_t>(digest.hex().substr(0, kDigits), "digest", 16));
  if (sys::try_lock_byte(file.borrow(), at)) return file;
  watcher.waits();
  TRY(sys::lock_byte(file.borrow(), at));
  return file;
}

class Puller {
 public:
  Puller(const Store& store, const registry::Settings& settings, const Reference& reference,
         const PullOptions& options, PullWatcher& watcher)
      : store_(store),
        reference_(reference),
        options_(options),
        watcher_(watcher),
        remote_(settings, reference) {}

  Result<Pulled> run() {
    TRY_SET(const RemoteDocument named, remote_.named(reference_));
    TRY_SET(RemoteDocument chosen, choose(named, 0));
    TRY_SET(const UniqueFd lock, lock_image(store_, chosen.digest, watcher_));
    TRY_SET(const Staging staging, Staging::open(store_.dir()));
    TRY_SET(const Parts parts, collect(std::move(chosen), staging));
    const std::string name = reference_.text();
    const auto before = store_.resolve(name);
    Installation installation(store_, staging, {.least_workers = kLeastWorkers, .progress = {}});
    TRY(installation.prepare(parts,
                             reference_.digest ? std::vector<std::string>() : std::vector{name},
                             {reference_.name() + "@" + named.digest.text()}));
    TRY_SET(const std::vector<Loaded> loaded, installation.publish());
    return Pulled{.name = reference_.text(),
                  .digest = named.digest,
                  .id = loaded.front().digest,
                  .is_new = !before || before->digest != digest_of(parts.manifest_text).hex()};
  }

 private:
  // The manifest for the platform, down through the indexes.
  Result<RemoteDocument> choose(RemoteDocument document, int depth) {
    if (!oci::is_index_type(document.media_type)) return document;
    if (depth == kMostIndexDepth)
      return fail(Code::kInvalidArgument, "indexes are nested more than four deep");
    TRY_SET(const oci::Index index, oci::parse_index(document.text));
    const oci::Platform wanted = options_.platform.value_or(host_platform());
    const oci::Descriptor* best = nullptr;
    int best_rank = -1;
    for (const oci::Descriptor& one : index.manifests) {
      const int rank = suits(wanted, one.platform).value_or(-1);
      if (rank <= best_rank) continue;  // of equals the first
      best = &one;
      best_rank = rank;
    }
    // An index that says nothing of platforms has one image: an older tool's.
    if (best == nullptr && index.manifests.size() == 1 && index.manifests[0].platform.os.empty())
      best = index.manifests.data();
    if (best == nullptr)
      return fail(Code::kNotFound, quote(reference_.text()) + " has no image for " +
                                       platform_text(wanted) +
                                       "; it has them for: " + known_platforms(index));
    TRY_SET(RemoteDocument inner, remote_.described(*best));
    return choose(std::move(inner), depth + 1);
  }

  Result<Parts> collect(RemoteDocument document, const Staging& staging) {
    Parts parts;
    TRY_SET(parts.manifest, oci::parse_manifest(document.text));
    parts.manifest_text = std::move(document.text);
    if (!oci::is_config_type(parts.manifest.config.media_type))
      return fail(Code::kUnsupported, "it is not an image to run, but of type " +
                                          quote(parts.manifest.config.media_type));
    TRY_SET(parts.config_text, config_text(parts.manifest.config, staging), "configuration");
    TRY(check_platform(parts.config_text));
    std::vector<PullLayer> layers;
    for (const oci::Descriptor& layer : parts.manifest.layers) {
      const std::string where = "layer " + std::to_string(layers.size() + 1);
      TRY(check_layer(layer), where);
      TRY_SET(Digest digest, Digest::parse(layer.digest), where);
      layers.push_back({.blob = std::move(digest), .size = static_cast<std::uint64_t>(layer.size)});
      TRY_SET(PartLayer part, part_of(layers.back(), layers.size() - 1, staging));
      parts.layers.push_back(std::move(part));
    }
    watcher_.found(layers);
    return parts;
  }

  // What is counted upon is marked before it is looked for: see layer_install.h.
  Result<bool> has_blob(const Digest& digest, const Staging& staging) const {
    TRY(staging.write("needs-" + digest.hex(), ""));
    return store_.has_blob(digest.hex());
  }

  Result<std::string> config_text(const oci::Descriptor& descriptor, const Staging& staging) {
    TRY_SET(const Digest digest, Digest::parse(descriptor.digest));
    TRY_SET(const bool is_there, has_blob(digest, staging));
    if (is_there) {
      TRY_SET(const UniqueFd file, store_.open_blob(digest.hex()));
      TRY_SET(std::string text, sys::read_all(file.borrow(), kMostConfig));
      if (digest_of(text) == digest)
        return text;  // else it is damaged: the new one takes its place
    }
    return remote_.document(descriptor, kMostConfig);
  }

  // An image without an index says only here what it is for. That of another machine is what somebody may want, but not who
  // asked for this one.
  Result<> check_platform(const std::string& config_text) const {
    if (!options_.platform) return {};
    TRY_SET(const oci::ImageConfig config, oci::parse_image_config(config_text));
    const oci::Platform is{
        .architecture = config.architecture, .os = config.os, .variant = config.variant};
    if (config.architecture.empty() || suits(*options_.platform, is)) return {};
    return fail(Code::kNotFound, quote(reference_.text()) + " is an image for " +
                                     printable(platform_text(is)) + ", and not for " +
                                     platform_text(*options_.platform));
  }

  Result<PartLayer> part_of(const PullLayer& layer, std::size_t index, const Staging& staging) {
    TRY_SET(const bool is_there, has_blob(layer.blob, staging));
    return PartLayer{.blob = layer.blob,
                     .file = staged_blob(layer.blob),
                     .has_blob = is_there,
                     .open = [this, layer, index, is_there,
                              &staging] { return open(layer, index, is_there, staging); },
                     .done = [this, index] { watcher_.complete(index); }};
  }

  Result<std::unique_ptr<PackedLayer>> open(const PullLayer& layer, std::size_t index,
                                            bool is_there, const Staging& staging) {
    // An image may have one layer twice.
    if (sys::exists_at(staging.dir(), staged_blob(layer.blob).c_str()))
      return open_staged(staging, staged_blob(layer.blob));
    if (is_there) {
      TRY_SET(UniqueFd file, store_.open_blob(layer.blob.hex()));
      return open_stored(std::move(file), layer.blob);
    }
    TRY_SET(auto source, remote_.blob(layer.blob, layer.size));
    return FetchedLayer::open(
        staging, {.from = std::move(source),
                  .file = "fetch-" + std::to_string(index),
                  .digest = layer.blob,
                  .size = layer.size,
                  .received = [this, index](std::uint64_t n) { watcher_.received(index, n); }});
  }

  const Store& store_;
  const Reference& reference_;
  const PullOptions& options_;
  PullWatcher& watcher_;
  Remote remote_;
};

}  // namespace

Result<Pulled> pull(const Store& store, const registry::Settings& settings,
                    const Reference& reference, const PullOptions& options, PullWatcher& watcher) {
  const Reference whole = with_default_host(reference);
  return Puller(store, settings, whole, options, watcher).run();
}

Result<std::vector<std::string>> remote_tags(const registry::Settings& settings,
                                             const Reference& reference) {
  const Reference whole = with_default_host(reference);
  registry::Client client(settings, whole.host, whole.repository);
  return client.tags();
}

}  // namespace planet::image
