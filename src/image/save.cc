#include "image/save.h"

#include <sys/stat.h>

#include <set>
#include <utility>

#include "base/strings.h"
#include "image/image_list.h"
#include "image/stream.h"
#include "oci/image.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::image {
namespace {

namespace json = oci::json;

constexpr std::size_t kBlock = 512;
constexpr std::size_t kMostDocument = 8U << 20;

// One ustar header; a size of 8 GiB and more in base 256, as GNU tar writes it and Go reads it.
class TarWriter {
 public:
  explicit TarWriter(BorrowedFd out) : out_(out) {}

  Result<> begin(const std::string& name, std::uint64_t size) {
    std::string header(kBlock, '\0');
    const auto put = [&](std::size_t at, std::string_view text) {
      header.replace(at, text.size(), text);
    };
    put(0, name);
    put(100, "0000644");
    put(108, "0000000");
    put(116, "0000000");
    put(124, size_field(size));
    put(136, "00000000000");  // the same images make the same archive
    put(148, "        ");
    header[156] = '0';
    put(257, std::string_view("ustar\0"
                              "00",
                              8));
    unsigned sum = 0;
    for (const char c : header) sum += static_cast<unsigned char>(c);
    put(148, octal(sum, 6) + std::string("\0 ", 2));
    left_ = (size + kBlock - 1) / kBlock * kBlock;
    return sys::write_all(out_, header);
  }

  Result<> add(std::string_view bytes) {
    if (bytes.size() > left_)
      return fail(Code::kCorrupt, "a layer has become longer while it was written");
    left_ -= bytes.size();
    return sys::write_all(out_, bytes);
  }

  // Fills up the last block of the file.
  Result<> end() { return sys::write_all(out_, std::string(std::exchange(left_, 0), '\0')); }

  Result<> file(const std::string& name, std::string_view content) {
    TRY(begin(name, content.size()));
    TRY(add(content));
    return end();
  }

  Result<> finish() { return sys::write_all(out_, std::string(2 * kBlock, '\0')); }

 private:
  static std::string octal(std::uint64_t value, std::size_t digits) {
    std::string text(digits, '0');
    for (std::size_t i = digits; i-- > 0; value >>= 3U)
      text[i] = static_cast<char>('0' + static_cast<int>(value & 7U));
    return text;
  }
  static std::string size_field(std::uint64_t size) {
    constexpr std::uint64_t kMostOctal = 077777777777;
    if (size <= kMostOctal) return octal(size, 11);
    std::string text(12, '\0');
    text[0] = '\x80';
    for (std::size_t i = text.size(); i-- > 4; size >>= 8U) text[i] = static_cast<char>(size);
    return text;
  }

  BorrowedFd out_;
  std::uint64_t left_ = 0;  // of the present file, with what fills its last block
};

struct Saved {
  Image image;
  std::vector<std::string> names;  // full ones, that were asked for
  oci::Manifest manifest;
  std::string manifest_text, config_text;
};

class Saver {
 public:
  Saver(const Store& store, BorrowedFd out) : store_(store), tar_(out) {}

  Result<> collect(const std::vector<std::string>& texts) {
    for (const std::string& text : texts) {
      TRY_SET(Image image, store_.resolve(text));
      TRY_SET(const std::optional<std::string> name, store_.name_of(text));
      Saved* saved = nullptr;
      for (Saved& one : images_)
        if (one.image.digest == image.digest) saved = &one;
      if (saved == nullptr) {
        TRY_SET(Saved made, read(std::move(image)));
        images_.push_back(std::move(made));
        saved = &images_.back();
      }
      if (name && !name->contains('@')) saved->names.push_back(*name);
    }
    return {};
  }

  Result<> docker() {
    json::array manifest;
    for (const Saved& one : images_) {
      json::array layers;
      for (std::size_t i = 0; i < one.manifest.layers.size(); ++i) {
        TRY_SET(const Digest digest, Digest::parse(one.image.config.diff_ids[i]));
        const std::string name = digest.hex() + ".tar";
        TRY(plain_layer(one.manifest.layers[i], digest, name));
        layers.emplace_back(json::string_view(name.data(), name.size()));
      }
      const std::string config = one.image.config_digest + ".json";
      if (written_.insert(config).second) TRY(tar_.file(config, one.config_text));
      std::vector<std::string> tags;
      tags.reserve(one.names.size());
      for (const std::string& name : one.names) tags.push_back(familiar(name));
      manifest.push_back(json::object{
          {"Config", config}, {"RepoTags", oci::to_array(tags)}, {"Layers", std::move(layers)}});
    }
    TRY(tar_.file("manifest.json", oci::to_text(manifest)));
    return tar_.finish();
  }

  Result<> layout() {
    TRY(tar_.file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})"));
    oci::Index index;
    for (const Saved& one : images_) {
      for (const oci::Descriptor& layer : one.manifest.layers) TRY(blob(layer));
      for (const std::string* text : {&one.config_text, &one.manifest_text}) {
        const std::string name = "blobs/sha256/" + digest_of(*text).hex();
        if (written_.insert(name).second) TRY(tar_.file(name, *text));
      }
      oci::Descriptor descriptor{.media_type = one.manifest.media_type,
                                 .digest = "sha256:" + one.image.digest,
                                 .size = static_cast<std::int64_t>(one.manifest_text.size()),
                                 .annotations = {},
                                 .platform = {}};
      if (one.names.empty()) index.manifests.push_back(descriptor);
      for (const std::string& name : one.names) {
        descriptor.annotations = {{"org.opencontainers.image.ref.name", name}};
        index.manifests.push_back(descriptor);
      }
    }
    TRY(tar_.file("index.json", oci::write_index(index)));
    return tar_.finish();
  }

 private:
  Result<Saved> read(Image image) {
    Saved saved{.image = std::move(image)};
    TRY_SET(saved.manifest_text, store_.read_blob(saved.image.digest, kMostDocument));
    TRY_SET(saved.config_text, store_.read_blob(saved.image.config_digest, kMostDocument));
    TRY_SET(saved.manifest, oci::parse_manifest(saved.manifest_text));
    TRY_SET(const oci::ImageConfig config, oci::parse_image_config(saved.config_text));
    if (config.diff_ids.size() != saved.manifest.layers.size())
      return fail(Code::kCorrupt, "manifest and configuration have not the same layers");
    saved.image.config = config;
    return saved;
  }

  Result<UniqueFd> open_blob(const oci::Descriptor& layer) const {
    TRY_SET(const Digest digest, Digest::parse(layer.digest));
    auto file = sys::open_at(store_.dir(), ("blobs/sha256/" + digest.hex()).c_str(), O_RDONLY);
    if (!file && file.error().code() == Code::kNotFound)
      return fail(Code::kNotFound, "layer " + digest.text() +
                                       " is not here in its packed form; load or pull its image "
                                       "again");
    return file;
  }

  // Reads `file` from its start, unpacked if `plain`; verified when `digest` is what it should be.
  template <class F>
  Result<std::uint64_t> pass(BorrowedFd file, bool plain, const Digest& digest, F&& take) const {
    TRY(sys::seek_to(file, 0));
    const auto packed = read_file(file);
    std::unique_ptr<ByteSource> unpacked;
    if (plain) {
      TRY_SET(unpacked, decompress(*packed));
    }
    HashingSource hashed(plain ? *unpacked : *packed);
    while (true) {
      TRY_SET(const std::string_view piece, hashed.next());
      if (piece.empty()) break;
      TRY(take(piece));
    }
    if (const Digest got = hashed.finish(); got != digest)
      return fail(
          Code::kCorrupt,
          "layer " + digest.text() + " is damaged; `planet system check --repair` mends the store");
    return hashed.size();
  }

  // A header says the size before the bytes come: one pass measures and verifies, the next one writes.
  Result<> write(BorrowedFd file, bool plain, const Digest& digest, const std::string& name) {
    if (!written_.insert(name).second) return {};
    TRY_SET(const std::uint64_t size,
            pass(file, plain, digest, [](std::string_view) { return Result<>(); }));
    TRY(tar_.begin(name, size));
    TRY(pass(file, plain, digest, [&](std::string_view piece) { return tar_.add(piece); }));
    return tar_.end();
  }

  Result<> plain_layer(const oci::Descriptor& layer, const Digest& diff_id,
                       const std::string& name) {
    TRY_SET(const UniqueFd file, open_blob(layer));
    return write(file.borrow(), true, diff_id, name);
  }

  Result<> blob(const oci::Descriptor& layer) {
    TRY_SET(const UniqueFd file, open_blob(layer));
    TRY_SET(const Digest digest, Digest::parse(layer.digest));
    return write(file.borrow(), false, digest, "blobs/sha256/" + digest.hex());
  }

  const Store& store_;
  TarWriter tar_;
  std::vector<Saved> images_;
  std::set<std::string> written_;
};

}  // namespace

Result<SaveFormat> parse_save_format(const std::string& text) {
  if (text == "docker-archive") return SaveFormat::kDocker;
  if (text == "oci-archive") return SaveFormat::kOci;
  return fail(Code::kInvalidArgument,
              "--format " + quote(text) + ": expected docker-archive or oci-archive");
}

Result<> save_images(const Store& store, const std::vector<std::string>& names, SaveFormat format,
                     BorrowedFd out) {
  Saver saver(store, out);
  TRY(saver.collect(names));
  return format == SaveFormat::kDocker ? saver.docker() : saver.layout();
}

}  // namespace planet::image
