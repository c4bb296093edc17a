#include "image/layer_install.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "image/stream.h"
#include "oci/json.h"
#include "sys/file.h"
#include "sys/thread.h"

namespace planet::image {
namespace {

std::string staged_name(const Digest& chain) {
  return "layer-" + chain.hex();
}

Result<oci::json::value> read_record(const LayerPlace& place) {
  const std::string file = place.path + "/layer.json";
  TRY_SET(const std::string text, sys::read_file_at(place.dir, file.c_str()));
  TRY_SET(oci::json::value value, oci::parse_json(text, text.size()), "read " + file);
  return value;
}

// Ends early when another layer has failed.
class UntilFailure : public ByteSource {
 public:
  UntilFailure(ByteSource& from, const std::atomic<bool>& failed) : from_(from), failed_(failed) {}
  Result<std::string_view> next() override {
    if (failed_) return fail(Code::kInternal, "given up");
    return from_.next();
  }

 private:
  ByteSource& from_;
  const std::atomic<bool>& failed_;
};

class StagedLayer : public PackedLayer {
 public:
  explicit StagedLayer(UniqueFd file) : file_(std::move(file)), bytes_(read_file(file_.borrow())) {}
  Result<std::string_view> next() override { return bytes_->next(); }
  Result<> verify() override { return {}; }

 private:
  UniqueFd file_;
  std::unique_ptr<ByteSource> bytes_;
};

Result<> check_diff_id(const Layer& layer, const Digest& got) {
  if (got == layer.diff_id) return {};
  return fail(Code::kInvalidArgument, "its content has digest " + got.text() +
                                          ", the configuration says " + layer.diff_id.text());
}

class ParallelUnpack {
 public:
  ParallelUnpack(const Store& store, const Staging& staging, std::vector<Layer> layers)
      : store_(store),
        staging_(staging),
        layers_(std::move(layers)),
        roots_(layers_.size()),
        done_(layers_.size()),
        made_(layers_.size()) {}

  Result<std::vector<std::string>> run(const UnpackOptions& options) {
    constexpr unsigned kMostWorkers = 4;
    const unsigned workers =
        std::clamp(std::thread::hardware_concurrency(), options.least_workers, kMostWorkers);
    const Progress& progress = options.progress;
    for (const Layer& layer : layers_) TRY(staging_.write("needs-" + layer.chain.hex(), ""));
    std::vector<sys::Thread> helpers;
    helpers.reserve(workers);
    // This thread works, too. Where no other can be made (a limit of processes), it does all: it only takes longer.
    for (unsigned i = 1; i < workers; ++i) {
      auto helper = sys::Thread::start([&] { work(progress); });
      if (helper) helpers.push_back(*std::move(helper));
    }
    work(progress);
    helpers.clear();  // joins them
    if (error_) return std::unexpected(*error_);
    std::vector<std::string> chains;
    for (std::size_t i = 0; i < layers_.size(); ++i)
      if (made_[i]) chains.push_back(layers_[i].chain.hex());
    return chains;
  }

 private:
  void work(const Progress& progress) {
    while (const auto index = take(progress)) {
      const Result<bool> made = install(*index);
      const std::lock_guard lock(mutex_);
      done_[*index] = true;
      made_[*index] = made.value_or(false);
      if (!made && !error_) {
        error_ = Error(made.error()).while_doing("layer " + std::to_string(*index + 1));
        failed_ = true;
      }
      changed_.notify_all();
      if (made && layers_[*index].done) layers_[*index].done();
    }
  }

  std::optional<std::size_t> take(const Progress& progress) {
    const std::lock_guard lock(mutex_);
    if (next_ == layers_.size() || error_) return std::nullopt;
    if (progress)
      progress("layer " + std::to_string(next_ + 1) + " of " + std::to_string(layers_.size()));
    return next_++;
  }

  // True if the layer was made, false if it was there.
  Result<bool> install(std::size_t index) {
    const Layer& layer = layers_[index];
    const LayerPlace place = layer_place(store_, staging_, layer.chain);
    if (sys::exists_at(place.dir, place.path.c_str())) {
      TRY(verify(layer, place));
      return false;
    }
    TRY(unpack(index));
    return true;
  }

  // The blob of a layer that is there already: it may be another one than that which was unpacked.
  Result<> verify(const Layer& layer, const LayerPlace& place) {
    TRY_SET(const oci::json::value record, read_record(place));
    TRY_SET(const oci::Fields fields, oci::Fields::of(record, ""));
    std::string blob;
    TRY(fields.read("blob", blob));
    const bool is_same = blob == layer.blob.text();
    if (is_same && layer.has_blob) return {};
    TRY_SET(const auto packed, layer.open());
    if (is_same) return packed->verify();
    UntilFailure source(*packed, failed_);
    TRY_SET(const auto plain, decompress(source));
    HashingSource hashed(*plain);
    while (true) {
      TRY_SET(const std::string_view piece, hashed.next());
      if (piece.empty()) return check_diff_id(layer, hashed.finish());
    }
  }

  Result<> unpack(std::size_t index) {
    const Layer& layer = layers_[index];
    const std::string name = staged_name(layer.chain);
    TRY(sys::make_dir_at(staging_.dir(), name.c_str(), 0700));
    TRY_SET(const UniqueFd dir, sys::open_at(staging_.dir(), name.c_str(), O_RDONLY | O_DIRECTORY));
    TRY(sys::make_dir_at(dir.borrow(), "fs", 0755));
    TRY_SET(UniqueFd root, sys::open_at(dir.borrow(), "fs", O_RDONLY | O_DIRECTORY));
    TRY(sys::change_mode(root.borrow(), 0755));  // whatever the caller's umask
    TRY_SET(const auto packed, layer.open());
    auto unpacked = unpack_from(*packed, index, std::move(root));
    if (!unpacked && unpacked.error().code() == Code::kInvalidArgument) TRY(packed->verify());
    if (!unpacked) return std::unexpected(std::move(unpacked).error());
    return sys::replace_file_at(dir.borrow(), "layer.json",
                                layer_record(layer.diff_id.text(), layer.blob.text(), *unpacked),
                                0600);
  }

  Result<UnpackedLayer> unpack_from(PackedLayer& packed, std::size_t index, UniqueFd root) {
    UntilFailure source(packed, failed_);
    TRY_SET(const auto plain, decompress(source));
    HashingSource hashed(*plain);
    TRY_SET(UnpackedLayer unpacked,
            unpack_layer(hashed, std::move(root), [this, index] { return lower(index); }));
    TRY(check_diff_id(layers_[index], hashed.finish()));
    return unpacked;
  }

  // The layers below one, topmost first, when they are complete. They were begun before it, so somebody works on each
  // until it is done or has failed: there is no circle to wait in.
  Result<std::vector<BorrowedFd>> lower(std::size_t index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] {
      return error_ ||
             std::all_of(done_.begin(), done_.begin() + static_cast<std::ptrdiff_t>(index),
                         [](bool done) { return done; });
    });
    if (error_) return fail(Code::kInternal, "given up");
    std::vector<BorrowedFd> roots;
    for (std::size_t i = index; i-- > 0;) {
      if (!roots_[i].valid()) {
        const LayerPlace place = layer_place(store_, staging_, layers_[i].chain);
        TRY_SET(roots_[i],
                sys::open_at(place.dir, (place.path + "/fs").c_str(), O_PATH | O_DIRECTORY));
      }
      roots.push_back(roots_[i].borrow());
    }
    return roots;
  }

  const Store& store_;
  const Staging& staging_;
  std::vector<Layer> layers_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<UniqueFd> roots_;  // of layers that one above had to look at
  std::vector<bool> done_, made_;
  std::size_t next_ = 0;
  std::optional<Error> error_;
  std::atomic<bool> failed_ = false;
};

}  // namespace

LayerPlace layer_place(const Store& store, const Staging& staging, const Digest& chain) {
  const std::string staged = staged_name(chain);
  if (!store.has_layer(chain.hex())) return {.dir = staging.dir(), .path = staged};
  return {.dir = store.dir(), .path = "layers/" + chain.hex()};
}

Result<std::vector<std::string>> unpack_layers(const Store& store, const Staging& staging,
                                               std::vector<Layer> layers,
                                               const UnpackOptions& options) {
  return ParallelUnpack(store, staging, std::move(layers)).run(options);
}

Result<std::unique_ptr<PackedLayer>> open_staged(const Staging& staging, const std::string& file) {
  TRY_SET(UniqueFd opened, sys::open_at(staging.dir(), file.c_str(), O_RDONLY));
  return std::make_unique<StagedLayer>(std::move(opened));
}

std::string layer_record(std::string_view diff_id, std::string_view blob,
                         const UnpackedLayer& unpacked) {
  oci::json::object object;
  object["diffId"] = diff_id;
  object["blob"] = blob;
  object["size"] = unpacked.bytes;
  object["maxId"] = unpacked.max_id;
  object["maxIdEntry"] = unpacked.max_id_entry;
  object["rootEntry"] = unpacked.root_entry;
  object["hidesBelow"] = unpacked.hides_below;
  return oci::to_text(object);
}

Result<UnpackedLayer> read_layer_record(const LayerPlace& place) {
  TRY_SET(const oci::json::value value, read_record(place));
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""));
  UnpackedLayer unpacked;
  TRY(fields.read("size", unpacked.bytes));
  TRY(fields.read("maxId", unpacked.max_id));
  TRY(fields.read("maxIdEntry", unpacked.max_id_entry));
  TRY(fields.read("rootEntry", unpacked.root_entry));
  TRY(fields.read("hidesBelow", unpacked.hides_below));
  return unpacked;
}

}  // namespace planet::image
