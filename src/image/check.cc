#include "image/check.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/strings.h"
#include "image/layer_install.h"
#include "image/store_index.h"
#include "image/stream.h"
#include "image/tree_digest.h"
#include "image/unpack.h"
#include "oci/image.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostDocument = 8U << 20;

Result<std::vector<std::string>> names_in(const Store& store, const std::string& path) {
  auto dir = sys::open_at(store.dir(), path.c_str(), O_RDONLY | O_DIRECTORY);
  if (!dir && dir.error().code() == Code::kNotFound) return std::vector<std::string>();
  if (!dir) return std::unexpected(std::move(dir).error());
  return sys::list_dir(dir->borrow());
}

Result<Digest> digest_all(ByteSource& source) {
  HashingSource hashed(source);
  while (true) {
    TRY_SET(const std::string_view piece, hashed.next());
    if (piece.empty()) return hashed.finish();
  }
}

// One image, with what its own documents say of its layers, lowest first.
struct Whole {
  Image image;
  std::vector<std::string> blobs;     // hex digests
  std::vector<std::string> diff_ids;  // as the configuration has them
};

class Checker {
 public:
  Checker(const Store& store, const Staging& staging, bool repair, const Progress& progress)
      : store_(store), staging_(staging), repair_(repair), progress_(progress) {}

  Result<CheckReport> run() {
    TRY_SET(remote_names_, store_.repo_digests());
    TRY(check_blobs());
    TRY_SET(const std::vector<std::string> digests, store_.digests());
    for (const std::string& digest : digests) TRY(check_image(digest));
    TRY(check_links());
    TRY(check_index());
    return std::move(report_);
  }

 private:
  void found(std::string what, std::string remedy) {
    report_.damage.push_back({.what = std::move(what), .remedy = std::move(remedy)});
  }

  // Out of the store, into staging, which is removed.
  Result<> take_away(const std::string& path) {
    if (!repair_) return {};
    const std::string to = "dead-" + std::to_string(taken_++);
    return sys::rename_at(store_.dir(), path.c_str(), staging_.dir(), to.c_str());
  }

  Result<> check_blobs() {
    TRY_SET(const std::vector<std::string> names, names_in(store_, "blobs/sha256"));
    for (const std::string& name : names) {
      if (progress_)
        progress_("blob " + std::to_string(++report_.blobs) + " of " +
                  std::to_string(names.size()));
      const std::string path = "blobs/sha256/" + name;
      TRY_SET(const UniqueFd file, sys::open_at(store_.dir(), path.c_str(), O_RDONLY | O_NOFOLLOW));
      const auto source = read_file(file.borrow());
      TRY_SET(const Digest digest, digest_all(*source), "read " + path);
      if (digest.hex() == name) {
        blobs_.insert(name);
        continue;
      }
      found("blob " + printable(name) + ": its bytes have digest " + digest.text(),
            "it is taken away");
      TRY(take_away(path));
    }
    report_.blobs = names.size();
    return {};
  }

  Result<std::string> document(const std::string& hex, const char* what) const {
    if (!blobs_.contains(hex))
      return fail(Code::kCorrupt, std::string("its ") + what + " " + hex + " is lost");
    return store_.read_blob(hex, kMostDocument);
  }

  // What the image's documents say, if they agree with what `run` is told.
  Result<Whole> read_whole(const std::string& digest) const {
    Whole whole;
    TRY_SET(whole.image, store_.read_image(digest));
    const Image& image = whole.image;
    if (image.digest != digest) return fail(Code::kCorrupt, "its file is another image's");
    TRY_SET(const std::string manifest_text, document(digest, "manifest"));
    TRY_SET(const oci::Manifest manifest, oci::parse_manifest(manifest_text));
    TRY_SET(const std::string config_text, document(image.config_digest, "configuration"));
    TRY_SET(const oci::ImageConfig config, oci::parse_image_config(config_text));
    whole.diff_ids = config.diff_ids;
    for (const oci::Descriptor& layer : manifest.layers) {
      TRY_SET(const Digest blob, Digest::parse(layer.digest));
      whole.blobs.push_back(blob.hex());
    }
    std::optional<Digest> chain;
    std::vector<std::string> chains;
    for (const std::string& text : whole.diff_ids) {
      TRY_SET(const Digest diff_id, Digest::parse(text));
      chain = chain_id(chain ? &*chain : nullptr, diff_id);
      chains.insert(chains.begin(), chain->hex());
    }
    if (chains != image.chain || whole.blobs.size() != chains.size())
      return fail(Code::kCorrupt, "its layers are not those that its configuration names");
    return whole;
  }

  Result<> check_image(const std::string& digest) {
    TRY(check_one(digest));
    for (const auto& [chain, name] : fresh_) TRY(sys::remove_tree_at(staging_.dir(), name.c_str()));
    fresh_.clear();
    return {};
  }

  Result<> check_one(const std::string& digest) {
    ++report_.images;
    const auto whole = read_whole(digest);
    if (!whole) {
      found("image " + digest + ": " + whole.error().to_string(), "it is removed, with its names");
      return drop_image(digest);
    }
    for (std::size_t i = 0; i < whole->blobs.size(); ++i) {
      TRY_SET(const bool kept, check_layer(*whole, i));
      if (kept) continue;
      found("image " + digest + ": layer " + std::to_string(i + 1) + " is lost",
            "it is removed, with its names");
      return drop_image(digest);
    }
    return {};
  }

  std::string chain_of(const Whole& whole, std::size_t index) const {
    return whole.image.chain[whole.image.chain.size() - 1 - index];
  }

  // False if there is nothing left of the layer.
  Result<bool> check_layer(const Whole& whole, std::size_t index) {
    const std::string chain = chain_of(whole, index);
    const bool here = store_.has_layer(chain);
    if (!blobs_.contains(whole.blobs[index])) {
      report_.notes.push_back("layer " + chain + " of image " + whole.image.config_digest +
                              " cannot be checked, saved or pushed: its blob is not here; load or "
                              "pull the image again");
      TRY(note_incomplete(whole.image.digest));
      return here;
    }
    const auto known = checked_.find(chain);
    if (known != checked_.end()) return known->second;
    if (progress_) progress_("layer " + std::to_string(report_.layers + 1));
    ++report_.layers;
    TRY_SET(const bool kept, compare(whole, index, here));
    checked_[chain] = kept;
    return kept;
  }

  Result<std::vector<UniqueFd>> lower_roots(const Whole& whole, std::size_t index) const {
    std::vector<UniqueFd> roots;
    for (std::size_t i = index; i-- > 0;) {
      // Rather what was unpacked a moment ago: a layer goes on with what those below say of its directories.
      const auto fresh = fresh_.find(chain_of(whole, i));
      auto root =
          fresh != fresh_.end()
              ? sys::open_at(staging_.dir(), (fresh->second + "/fs").c_str(), O_PATH | O_DIRECTORY)
              : sys::open_at(store_.dir(), ("layers/" + chain_of(whole, i) + "/fs").c_str(),
                             O_PATH | O_DIRECTORY);
      if (!root) return std::unexpected(std::move(root).error());
      roots.push_back(*std::move(root));
    }
    return roots;
  }

  // Unpacks the blob once more, into staging/`name`.
  Result<UnpackedLayer> unpack_again(const Whole& whole, std::size_t index,
                                     const std::string& name) {
    TRY(sys::make_dir_at(staging_.dir(), name.c_str(), 0700));
    TRY(sys::make_dir_at(staging_.dir(), (name + "/fs").c_str(), 0755));
    TRY_SET(UniqueFd root,
            sys::open_at(staging_.dir(), (name + "/fs").c_str(), O_RDONLY | O_DIRECTORY));
    TRY(sys::change_mode(root.borrow(), 0755));
    TRY_SET(const std::vector<UniqueFd> roots, lower_roots(whole, index));
    const std::string path = "blobs/sha256/" + whole.blobs[index];
    TRY_SET(const UniqueFd file, sys::open_at(store_.dir(), path.c_str(), O_RDONLY));
    const auto packed = read_file(file.borrow());
    TRY_SET(const auto plain, decompress(*packed));
    HashingSource hashed(*plain);
    TRY_SET(UnpackedLayer unpacked, unpack_layer(hashed, std::move(root), [&] {
              std::vector<BorrowedFd> lent;
              lent.reserve(roots.size());
              for (const UniqueFd& one : roots) lent.push_back(one.borrow());
              return Result<std::vector<BorrowedFd>>(std::move(lent));
            }));
    if (hashed.finish().text() != whole.diff_ids[index])
      return fail(Code::kCorrupt, "its blob is not the layer that the configuration names");
    return unpacked;
  }

  Result<bool> compare(const Whole& whole, std::size_t index, bool here) {
    const std::string chain = chain_of(whole, index);
    const std::string again = "again-" + std::to_string(taken_++);
    const auto unpacked = unpack_again(whole, index, again);
    if (!unpacked) {
      found("layer " + chain + ": " + unpacked.error().to_string(), "its image is removed");
      return false;
    }
    const std::string why = here ? difference(chain, again, *unpacked) : "it is not unpacked";
    if (!why.empty()) {
      found("layer " + chain + ": " + why, "it is unpacked again");
      TRY(replace(whole, index, again, *unpacked));
      if (repair_) return true;
    }
    fresh_[chain] = again;
    return true;
  }

  // Empty if the layer in the store is what its blob says.
  std::string difference(const std::string& chain, const std::string& again,
                         const UnpackedLayer& expected) const {
    const auto record = read_layer_record({.dir = store_.dir(), .path = "layers/" + chain});
    if (!record) return record.error().to_string();
    if (record->bytes != expected.bytes || record->max_id != expected.max_id ||
        record->root_entry != expected.root_entry || record->hides_below != expected.hides_below)
      return "its record is not what its blob says";
    auto kept = sys::open_at(store_.dir(), ("layers/" + chain + "/fs").c_str(),
                             O_PATH | O_DIRECTORY | O_NOFOLLOW);
    auto made = sys::open_at(staging_.dir(), (again + "/fs").c_str(), O_PATH | O_DIRECTORY);
    if (!kept || !made) return "its directory is lost";
    const auto kept_digest = digest_of_tree(*std::move(kept));
    const auto made_digest = digest_of_tree(*std::move(made));
    if (!kept_digest) return kept_digest.error().to_string();
    if (!made_digest) return made_digest.error().to_string();
    return *kept_digest == *made_digest ? "" : "what is unpacked is not what its blob says";
  }

  // A container that runs goes on with the files that it has.
  Result<> replace(const Whole& whole, std::size_t index, const std::string& again,
                   const UnpackedLayer& unpacked) {
    if (!repair_) return {};
    const std::string chain = chain_of(whole, index);
    TRY(sys::replace_file_at(
        staging_.dir(), (again + "/layer.json").c_str(),
        layer_record(whole.diff_ids[index], "sha256:" + whole.blobs[index], unpacked), 0600));
    if (store_.has_layer(chain)) TRY(take_away("layers/" + chain));
    return sys::rename_at(staging_.dir(), again.c_str(), store_.dir(), ("layers/" + chain).c_str());
  }

  // Nothing, if no registry is known that has had it.
  Result<> note_incomplete(const std::string& digest) {
    Incomplete one{.digest = digest, .names = {}, .repositories = {}};
    for (const auto& [name, target] : remote_names_)
      if (target == digest) one.repositories.push_back(name.substr(0, name.find('@')));
    const bool known = std::ranges::find(report_.incomplete, digest, &Incomplete::digest) !=
                       report_.incomplete.end();
    if (one.repositories.empty() || known) return {};
    TRY_SET(const auto tags, store_.tags());
    for (const auto& [name, target] : tags)
      if (target == digest) one.names.push_back(name);
    report_.incomplete.push_back(std::move(one));
    return {};
  }

  Result<> drop_image(const std::string& digest) {
    dropped_.insert(digest);
    TRY(note_incomplete(digest));
    TRY_SET(const auto tags, store_.tags());
    for (const auto& [name, target] : tags)
      if (target == digest) TRY(take_away("tags/" + tag_file(name)));
    return take_away("images/" + digest);
  }

  // Names of images that are not there.
  Result<> check_links() {
    TRY_SET(const auto tags, store_.tags());
    for (const auto& [name, digest] : tags) {
      if (store_.has_image(digest) || dropped_.contains(digest)) continue;
      found("name " + printable(name) + " stands for an image that is not here", "it is removed");
      TRY(take_away("tags/" + tag_file(name)));
    }
    TRY_SET(const auto remote, store_.repo_digests());
    for (const auto& [name, digest] : remote) {
      if (store_.has_image(digest)) continue;
      const std::size_t at = name.find('@');
      const std::string path =
          "digests/" + name.substr(name.find(':', at) + 1) + "/" + tag_file(name.substr(0, at));
      if (!dropped_.contains(digest))
        found("name " + printable(name) + " stands for an image that is not here", "it is removed");
      TRY(take_away(path));
    }
    return {};
  }

  // It may lack what a load or removal that was killed had not come to, but must not name what is not there.
  Result<> check_index() {
    const auto wrong = [&]() -> std::string {
      const auto text = sys::read_file_at(store_.dir(), "index.json", kMostDocument);
      if (!text) return text.error().to_string();
      const auto index = oci::parse_index(*text);
      if (!index) return index.error().to_string();
      for (const oci::Descriptor& one : index->manifests) {
        const auto digest = Digest::parse(one.digest);
        if (!digest || !blobs_.contains(digest->hex()))
          return "it names " + printable(one.digest) + ", which is not here";
      }
      return "";
    }();
    if (!wrong.empty()) found("index.json: " + wrong, "it is written again");
    if (!repair_) return {};
    TRY(stage_index(store_, staging_, {}));
    return sys::rename_at(staging_.dir(), "index.json", store_.dir(), "index.json");
  }

  const Store& store_;
  const Staging& staging_;
  bool repair_;
  const Progress& progress_;
  CheckReport report_;
  std::set<std::string> blobs_;          // those that are whole
  std::map<std::string, bool> checked_;  // by chain id: whether there is such a layer, in the end
  std::map<std::string, std::string>
      fresh_;                      // what this image had unpacked again: chain id, name in staging
  std::set<std::string> dropped_;  // images
  std::map<std::string, std::string> remote_names_;
  int taken_ = 0;
};

}  // namespace

Result<CheckReport> check_store(const Store& store, bool repair, const Progress& progress) {
  TRY_SET(const Staging staging, Staging::open(store.dir()));
  TRY_SET(const UniqueFd lock, store.lock_names());
  return Checker(store, staging, repair, progress).run();
}

}  // namespace planet::image
