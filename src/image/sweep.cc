#include "image/sweep.h"

#include <sys/stat.h>

#include <set>

#include "image/layer_install.h"
#include "oci/image.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostManifest = 4U << 20;
constexpr std::string_view kMark = "needs-";

using Names = std::set<std::string>;

Result<std::vector<std::string>> names_in(const Store& store, const char* path) {
  auto dir = sys::open_at(store.dir(), path, O_RDONLY | O_DIRECTORY);
  if (!dir && dir.error().code() == Code::kNotFound) return std::vector<std::string>();
  if (!dir) return std::unexpected(std::move(dir).error());
  return sys::list_dir(dir->borrow());
}

// The marks of loads that are alive: their directories are locked.
Result<> add_marks(const Store& store, Names& needed) {
  TRY_SET(const std::vector<std::string> makers, names_in(store, "staging"));
  for (const std::string& maker : makers) {
    const auto dir = sys::open_at(store.dir(), ("staging/" + maker).c_str(),
                                  O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!dir || sys::try_lock_exclusive(dir->borrow())) continue;
    const auto names = sys::list_dir(dir->borrow());
    if (!names) continue;  // it has just ended
    for (const std::string& name : *names)
      if (name.starts_with(kMark)) needed.insert(name.substr(kMark.size()));
  }
  return {};
}

// What containers and loads need.
Result<Names> needed_outside(const Store& store, const Uses& uses) {
  Names needed;
  TRY_SET(const std::vector<Use> all, uses());
  for (const Use& use : all) needed.insert(use.layers.begin(), use.layers.end());
  TRY(add_marks(store, needed));
  return needed;
}

struct Needed {
  Names layers, blobs;
};

Result<Needed> needed_by_images(const Store& store) {
  Needed needed;
  TRY_SET(const std::vector<std::string> indexes, names_in(store, "digests"));
  for (const std::string& index : indexes) {
    // An empty one is what a removal or a publication that was killed has left; it needs nothing.
    const std::string dir = "digests/" + index;
    if (!sys::unlink_at(store.dir(), dir.c_str(), AT_REMOVEDIR)) needed.blobs.insert(index);
  }
  TRY_SET(const std::vector<std::string> digests, store.digests());
  for (const std::string& digest : digests) {
    TRY_SET(const Image image, store.read_image(digest));
    needed.layers.insert(image.chain.begin(), image.chain.end());
    TRY_SET(const std::vector<std::string> blobs, blobs_of(store, image),
            "read manifest " + digest + " (`planet system check --repair` mends the store)");
    needed.blobs.insert(blobs.begin(), blobs.end());
  }
  return needed;
}

class Sweeper {
 public:
  Sweeper(const Store& store, const Staging& staging) : store_(store), staging_(staging) {}

  Result<Swept> run(const Uses& uses) {
    TRY_SET(const Needed needed, needed_by_images(store_));
    TRY_SET(const Names outside, needed_outside(store_, uses));
    TRY_SET(const std::vector<std::string> layers, names_in(store_, "layers"));
    std::vector<std::string> gone;
    for (const std::string& layer : layers) {
      if (needed.layers.contains(layer) || outside.contains(layer)) continue;
      TRY(sys::rename_at(store_.dir(), ("layers/" + layer).c_str(), staging_.dir(),
                         ("gone-" + layer).c_str()));
      gone.push_back(layer);
    }
    TRY(decide(gone, uses));
    TRY(drop_blobs(needed.blobs));
    return std::move(swept_);
  }

 private:
  // A container, or a load, that began meanwhile has written down what it needs before it looked for it.
  Result<> decide(const std::vector<std::string>& gone, const Uses& uses) {
    if (gone.empty()) return {};
    auto outside = needed_outside(store_, uses);
    for (const std::string& layer : gone) {
      const std::string name = "gone-" + layer;
      if (!outside || outside->contains(layer)) {
        TRY(sys::rename_at(staging_.dir(), name.c_str(), store_.dir(),
                           ("layers/" + layer).c_str()));
        continue;
      }
      const std::string dead = "dead-" + layer;
      if (const auto record = read_layer_record({.dir = staging_.dir(), .path = name}))
        swept_.bytes += record->bytes;
      TRY(sys::rename_at(staging_.dir(), name.c_str(), staging_.dir(), dead.c_str()));
      swept_.layers.push_back(layer);
    }
    if (!outside) return std::unexpected(std::move(outside).error());
    return {};
  }

  // As with layers: first out of sight, then a look at who has said meanwhile that it counts upon one.
  Result<> drop_blobs(const Names& needed) {
    TRY_SET(const std::vector<std::string> blobs, names_in(store_, "blobs/sha256"));
    std::vector<std::string> out;
    for (const std::string& blob : blobs) {
      if (needed.contains(blob)) continue;
      TRY(sys::rename_at(store_.dir(), ("blobs/sha256/" + blob).c_str(), staging_.dir(),
                         out_name(blob).c_str()));
      out.push_back(blob);
    }
    if (out.empty()) return {};
    Names marked;
    Result<> looked = add_marks(store_, marked);
    for (const std::string& blob : out) {
      if (!looked || marked.contains(blob))
        TRY(sys::rename_at(staging_.dir(), out_name(blob).c_str(), store_.dir(),
                           ("blobs/sha256/" + blob).c_str()));
      else if (const auto st = sys::lstat_at(staging_.dir(), out_name(blob).c_str()))
        swept_.bytes += static_cast<std::uint64_t>(st->st_blocks) * 512;
    }
    return looked;
  }

  // An uncompressed lowest layer has the same digest as its chain: a name that no layer has.
  static std::string out_name(const std::string& blob) { return "dead-blob-" + blob; }

  const Store& store_;
  const Staging& staging_;
  Swept swept_;
};

}  // namespace

Result<std::vector<std::string>> blobs_of(const Store& store, const Image& image) {
  std::vector<std::string> blobs = {image.digest, image.config_digest};
  const std::string file = "blobs/sha256/" + image.digest;
  TRY_SET(const std::string text, sys::read_file_at(store.dir(), file.c_str(), kMostManifest));
  TRY_SET(const oci::Manifest manifest, oci::parse_manifest(text));
  for (const oci::Descriptor& layer : manifest.layers)
    if (const auto parsed = Digest::parse(layer.digest)) blobs.push_back(parsed->hex());
  return blobs;
}

Result<Swept> sweep(const Store& store, const Staging& staging, const Uses& uses) {
  return Sweeper(store, staging).run(uses);
}

}  // namespace planet::image
