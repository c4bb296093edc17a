#include "image/push.h"

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <utility>

#include "base/strings.h"
#include "image/stream.h"
#include "sys/file.h"
#include "sys/thread.h"

namespace planet::image {
namespace {

constexpr unsigned kWorkers = 3;

// Counts what passes.
class Counted : public ByteSource {
 public:
  Counted(UniqueFd file, std::function<void(std::uint64_t)> sent)
      : file_(std::move(file)), bytes_(read_file(file_.borrow())), sent_(std::move(sent)) {}
  Result<std::string_view> next() override {
    TRY_SET(const std::string_view piece, bytes_->next());
    at_ += piece.size();
    if (!piece.empty()) sent_(at_);
    return piece;
  }

 private:
  UniqueFd file_;
  std::unique_ptr<ByteSource> bytes_;
  std::function<void(std::uint64_t)> sent_;
  std::uint64_t at_ = 0;
};

// Which repositories of the same registry have a blob, as far as the names of images here tell.
class Neighbours {
 public:
  static Result<Neighbours> of(const Store& store, const Reference& own) {
    Neighbours neighbours;
    TRY_SET(auto known, store.tags());
    TRY_SET(auto pulled, store.repo_digests());
    known.merge(std::move(pulled));
    for (const auto& [name, digest] : known) {
      const auto reference = parse_reference(name);
      if (!reference || reference->host != own.host || reference->repository == own.repository)
        continue;
      const auto text = read_manifest(store, digest);
      const auto manifest =
          text ? oci::parse_manifest(*text) : Result<oci::Manifest>(std::unexpected(text.error()));
      if (!manifest) continue;  // it is not this image that has to be whole
      for (const oci::Descriptor& layer : manifest->layers)
        neighbours.by_digest_.emplace(layer.digest, reference->repository);
    }
    return neighbours;
  }
  std::string find(const std::string& digest) const {
    const auto at = by_digest_.find(digest);
    return at == by_digest_.end() ? "" : at->second;
  }
  static Result<std::string> read_manifest(const Store& store, const std::string& digest) {
    TRY_SET(const UniqueFd file, store.open_blob(digest));
    return sys::read_all(file.borrow(), registry::kMostManifest);
  }

 private:
  std::map<std::string, std::string> by_digest_;
};

class Pusher {
 public:
  Pusher(const Store& store, const registry::Settings& settings, const Reference& reference,
         PushWatcher& watcher)
      : store_(store),
        reference_(reference),
        watcher_(watcher),
        client_(settings, reference.host, reference.repository) {}

  Result<Pushed> run() {
    TRY_SET(const Image image, store_.resolve(reference_.text()));
    TRY_SET(const std::string text, Neighbours::read_manifest(store_, image.digest));
    TRY_SET(const oci::Manifest manifest, oci::parse_manifest(text));
    TRY_SET(neighbours_, Neighbours::of(store_, reference_));
    for (const oci::Descriptor& layer : manifest.layers) {
      TRY_SET(Digest digest, Digest::parse(layer.digest));
      layers_.push_back(
          {.blob = std::move(digest), .size = static_cast<std::uint64_t>(layer.size)});
    }
    watcher_.found(layers_);
    // The first request alone: what login is demanded is then known to all.
    TRY_SET(const Digest config, Digest::parse(manifest.config.digest));
    TRY(upload({.blob = config, .size = static_cast<std::uint64_t>(manifest.config.size)}, {},
               nullptr),
        "configuration");
    TRY(upload_layers());
    TRY(client_.put_manifest(reference_.tag, image.media_type, text));
    return Pushed{.digest = digest_of(text), .size = text.size()};
  }

 private:
  Result<> upload_layers() {
    std::vector<sys::Thread> helpers;
    for (unsigned i = 1; i < kWorkers; ++i)
      if (auto helper = sys::Thread::start([this] { work(); }))
        helpers.push_back(*std::move(helper));
    work();
    helpers.clear();  // joins them
    if (error_) return std::unexpected(*error_);
    return {};
  }

  void work() {
    while (const auto index = take()) {
      const Result<> done = upload_layer(*index);
      const std::lock_guard lock(mutex_);
      if (!done && !error_)
        error_ = Error(done.error()).while_doing("layer " + std::to_string(*index + 1));
    }
  }

  std::optional<std::size_t> take() {
    const std::lock_guard lock(mutex_);
    if (next_ == layers_.size() || error_) return std::nullopt;
    return next_++;
  }

  Result<> upload_layer(std::size_t index) {
    const std::string from = neighbours_.find(layers_[index].blob.text());
    registry::Uploaded how{};
    TRY(upload(
        layers_[index], [this, index](std::uint64_t bytes) { watcher_.sent(index, bytes); }, &how));
    watcher_.complete(index, how, from);
    return {};
  }

  Result<> upload(const PullLayer& layer, std::function<void(std::uint64_t)> sent,
                  registry::Uploaded* how) {
    if (!sent) sent = [](std::uint64_t) {};
    registry::Upload upload{.digest = layer.blob.text(),
                            .size = layer.size,
                            .mount_from = neighbours_.find(layer.blob.text()),
                            .open = {}};
    upload.open = [this, &layer, &sent]() -> Result<std::unique_ptr<ByteSource>> {
      auto file = store_.open_blob(layer.blob.hex());
      if (!file && file.error().code() == Code::kNotFound)
        return fail(Code::kNotFound,
                    "blob " + layer.blob.text() +
                        " is not in the store any more: pull or load the image again");
      if (!file) return std::unexpected(std::move(file).error());
      return std::make_unique<Counted>(*std::move(file), sent);
    };
    TRY_SET(const registry::Uploaded uploaded, client_.upload(upload));
    if (how != nullptr) *how = uploaded;
    return {};
  }

  const Store& store_;
  const Reference& reference_;
  PushWatcher& watcher_;
  registry::Client client_;
  Neighbours neighbours_;
  std::vector<PullLayer> layers_;
  std::mutex mutex_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

}  // namespace

Result<Pushed> push(const Store& store, const registry::Settings& settings,
                    const Reference& reference, PushWatcher& watcher) {
  const Reference whole = with_default_host(reference);
  if (whole.tag.empty() || whole.digest)
    return fail(Code::kInvalidArgument, "an image is pushed by its name and tag, without a digest");
  return Pusher(store, settings, whole, watcher).run();
}

}  // namespace planet::image
