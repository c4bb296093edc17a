#include "image/install.h"

#include <sys/stat.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/strings.h"
#include "image/stream.h"
#include "image/unpack.h"
#include "oci/json.h"
#include "sys/file.h"
#include "sys/random.h"

namespace planet::image {
namespace {

struct Layer {
  const Blob* blob = nullptr;
  Digest diff_id;
  Digest chain;
};

std::string layer_record(const Layer& layer, const UnpackedLayer& unpacked) {
  oci::json::object object;
  object["diffId"] = layer.diff_id.text();
  object["size"] = unpacked.bytes;
  object["maxId"] = unpacked.max_id;
  return oci::to_text(object);
}

Result<UnpackedLayer> read_layer_record(const Store& store, const std::string& chain_id) {
  const std::string file = "layers/" + chain_id + "/layer.json";
  TRY_SET(const std::string text, sys::read_file_at(store.dir(), file.c_str()));
  TRY_SET(const oci::json::value value, oci::parse_json(text, text.size()), "read " + file);
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""), "read " + file);
  UnpackedLayer unpacked;
  TRY(fields.read("size", unpacked.bytes));
  TRY(fields.read("maxId", unpacked.max_id));
  return unpacked;
}

// Unpacks one layer in staging and, verified, renames it into the store.
Result<> install_layer(const Store& store, const Staging& staging, const Layer& layer,
                       std::vector<UniqueFd> lower) {
  const std::string name = "layer-" + layer.chain.hex();
  TRY(sys::make_dir_at(staging.dir(), name.c_str(), 0700));
  TRY_SET(const UniqueFd dir, sys::open_at(staging.dir(), name.c_str(), O_RDONLY | O_DIRECTORY));
  TRY(sys::make_dir_at(dir.borrow(), "fs", 0755));
  TRY_SET(UniqueFd root, sys::open_at(dir.borrow(), "fs", O_RDONLY | O_DIRECTORY));
  TRY_SET(const UniqueFd blob, sys::open_at(staging.dir(), layer.blob->file.c_str(), O_RDONLY));
  const auto file = read_file(blob.borrow());
  TRY_SET(const auto plain, decompress(*file));
  HashingSource hashed(*plain);
  TRY_SET(const UnpackedLayer unpacked, unpack_layer(hashed, std::move(root), std::move(lower)));
  if (const Digest got = hashed.finish(); got != layer.diff_id)
    return fail(Code::kInvalidArgument, "its content has digest " + got.text() +
                                            ", the configuration says " + layer.diff_id.text());
  TRY(sys::replace_file_at(dir.borrow(), "layer.json", layer_record(layer, unpacked), 0600));
  Result<> moved = sys::rename_at(staging.dir(), name.c_str(), store.dir(),
                                  ("layers/" + layer.chain.hex()).c_str());
  // Somebody else was faster: theirs is the same.
  if (!moved && store.has_layer(layer.chain.hex())) return {};
  return moved;
}

// Unpacks layers side by side. One that must look below waits for those below, so they are opened only when done.
class ParallelInstall {
 public:
  ParallelInstall(const Store& store, const Staging& staging, std::vector<Layer> layers)
      : store_(store), staging_(staging), layers_(std::move(layers)), done_(layers_.size()) {}

  Result<> run(const Progress& progress) {
    const unsigned workers = std::max(1U, std::min(4U, std::thread::hardware_concurrency()));
    std::vector<std::thread> threads;
    threads.reserve(workers);
    for (unsigned i = 0; i < workers; ++i) threads.emplace_back([&] { work(progress); });
    for (std::thread& thread : threads) thread.join();
    if (error_) return std::unexpected(*error_);
    return {};
  }

 private:
  void work(const Progress& progress) {
    while (const auto index = take(progress)) {
      Result<> result = install(*index);
      const std::lock_guard lock(mutex_);
      done_[*index] = true;
      if (!result && !error_)
        error_ = std::move(result).error().while_doing("layer " + std::to_string(*index + 1));
      changed_.notify_all();
    }
  }

  std::optional<std::size_t> take(const Progress& progress) {
    const std::lock_guard lock(mutex_);
    if (next_ == layers_.size() || error_) return std::nullopt;
    if (progress)
      progress("layer " + std::to_string(next_ + 1) + " of " + std::to_string(layers_.size()));
    return next_++;
  }

  Result<> install(std::size_t index) {
    if (store_.has_layer(layers_[index].chain.hex())) return {};
    TRY(wait_for_lower(index));
    std::vector<UniqueFd> lower;
    for (std::size_t i = index; i-- > 0;) {
      TRY_SET(UniqueFd dir,
              sys::open_at(sys::kCwd, store_.layer_dir(layers_[i].chain.hex()).c_str(),
                           O_PATH | O_DIRECTORY));
      lower.push_back(std::move(dir));
    }
    return install_layer(store_, staging_, layers_[index], std::move(lower));
  }

  Result<> wait_for_lower(std::size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return error_ ||
             std::all_of(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(index),
                         [](bool done) { return done; });
    });
    if (error_) return fail(Code::kInternal, "given up");
    return {};
  }

  const Store& store_;
  const Staging& staging_;
  std::vector<Layer> layers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<bool> done_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
};

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
    layers.push_back(
        {.blob = &parts.layers[i], .diff_id = std::move(diff_id), .chain = std::move(chain)});
  }
  return layers;
}

Result<> install_blob(const Store& store, const Staging& staging, const Blob& blob) {
  const std::string target = "blobs/sha256/" + blob.digest.hex();
  if (sys::exists_at(store.dir(), target.c_str())) return {};
  // A link, not a move: two layers of one image may be the same blob.
  Result<> linked = sys::link_at(staging.dir(), blob.file.c_str(), store.dir(), target.c_str());
  if (!linked && linked.error().code() == Code::kAlreadyExists) return {};
  return linked;
}

Result<> write_blob(const Store& store, std::string_view text) {
  return sys::replace_file_at(store.dir(), ("blobs/sha256/" + digest_of(text).hex()).c_str(), text,
                              0600);
}

}  // namespace

Result<Loaded> install_image(const Store& store, const Staging& staging, const Parts& parts,
                             const std::vector<std::string>& names, const Progress& progress) {
  TRY_SET(oci::ImageConfig config, oci::parse_image_config(parts.config_text));
  TRY_SET(std::vector<Layer> layers, match_layers(parts, config));
  TRY(ParallelInstall(store, staging, layers).run(progress));
  Image image{.digest = digest_of(parts.manifest_text).hex(),
              .config_digest = digest_of(parts.config_text).hex(),
              .config = std::move(config),
              .chain = {},
              .layers = {}};
  for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
    TRY_SET(const UnpackedLayer unpacked, read_layer_record(store, layer->chain.hex()));
    image.size += unpacked.bytes;
    image.max_id = std::max(image.max_id, unpacked.max_id);
    image.chain.push_back(layer->chain.hex());
  }
  for (const Blob& blob : parts.layers) TRY(install_blob(store, staging, blob));
  TRY(write_blob(store, parts.config_text));
  TRY(write_blob(store, parts.manifest_text));
  TRY(store.add(image, names));
  return Loaded{.names = names, .digest = image.digest};
}

}  // namespace planet::image
