#include "image/store_index.h"

#include "oci/image.h"
#include "sys/file.h"

namespace planet::image {
namespace {

struct Entry {
  std::string media_type;
  std::int64_t size = 0;
};

class IndexWriter {
 public:
  IndexWriter(const Store& store, const Staging& staging, const Staged& staged,
              const Without& without)
      : store_(store), staging_(staging), staged_(staged), without_(without) {}

  Result<> run() {
    TRY_SET(auto tags, store_.tags());
    TRY_SET(const std::vector<std::string> here, store_.digests());
    std::set<std::string> unnamed(here.begin(), here.end());
    for (const StagedImage& one : staged_.images) {
      unnamed.insert(one.image.digest);
      for (const std::string& name : one.names) tags[name] = one.image.digest;
    }
    oci::Index index;
    for (const auto& [name, digest] : tags) {
      if (without_.names.contains(name)) continue;
      TRY(add(index, digest, name));
      unnamed.erase(digest);
    }
    for (const std::string& digest : without_.images) unnamed.erase(digest);
    for (const std::string& digest : unnamed) TRY(add(index, digest, ""));
    return staging_.write("index.json", oci::write_index(index));
  }

 private:
  Result<> add(oci::Index& index, const std::string& digest, const std::string& name) {
    auto entry = entry_of(digest);
    // A damaged store must not keep its whole parts from being used: `planet system check` finds it.
    if (!entry) return {};
    oci::Descriptor descriptor{.media_type = entry->media_type,
                               .digest = "sha256:" + digest,
                               .size = entry->size,
                               .annotations = {},
                               .platform = {}};
    if (!name.empty()) descriptor.annotations["org.opencontainers.image.ref.name"] = name;
    index.manifests.push_back(std::move(descriptor));
    return {};
  }

  Result<Entry> entry_of(const std::string& digest) const {
    Entry entry;
    const auto blob = staged_.blobs.find(digest);
    TRY_SET(const struct stat st,
            blob != staged_.blobs.end()
                ? sys::lstat_at(staging_.dir(), blob->second.c_str())
                : sys::lstat_at(store_.dir(), ("blobs/sha256/" + digest).c_str()));
    entry.size = st.st_size;
    for (const StagedImage& one : staged_.images)
      if (one.image.digest == digest) entry.media_type = one.image.media_type;
    if (!entry.media_type.empty()) return entry;
    TRY_SET(const Image image, store_.read_image(digest));
    entry.media_type = image.media_type;
    return entry;
  }

  const Store& store_;
  const Staging& staging_;
  const Staged& staged_;
  const Without& without_;
};

}  // namespace

Result<> stage_index(const Store& store, const Staging& staging, const Staged& staged,
                     const Without& without) {
  return IndexWriter(store, staging, staged, without).run();
}

}  // namespace planet::image
