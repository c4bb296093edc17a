#include "image/load.h"

#include <map>

#include "base/strings.h"
#include "image/install.h"
#include "image/stream.h"
#include "image/tar.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostMembers = 20'000;
constexpr std::size_t kMostDocument = 8U << 20;
constexpr int kMostIndexDepth = 4;

// "./a//b" is "a/b": member names are only ever keys of a map, never paths.
std::string member_name(std::string_view name) {
  std::string out;
  for (const std::string_view part : split(name, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == "..") {
      out.erase(out.rfind('/') == std::string::npos ? 0 : out.rfind('/'));
      continue;
    }
    if (!out.empty()) out += '/';
    out += part;
  }
  return out;
}

// The archive's files, spooled to staging under numbers and hashed on the way.
class Members {
 public:
  static Result<Members> spool(BorrowedFd archive, const Staging& staging) {
    Members members(staging);
    const auto file = read_file(archive);
    TRY_SET(const auto plain, decompress(*file));
    TRY_SET(TarReader tar, TarReader::open(*plain));
    while (true) {
      TRY_SET(const std::optional<TarEntry> entry, tar.next());
      if (!entry) return members;
      if (members.blobs_.size() + members.links_.size() > kMostMembers)
        return fail(Code::kInvalidArgument, "the archive has more than 20000 files");
      TRY(members.take(tar, *entry), printable(entry->name));
    }
  }

  const Blob* find(const std::string& name) const {
    std::string at = member_name(name);
    // Old docker archives repeat a layer by a link to it. Links are followed among the members, and nowhere else.
    for (int links = 0; links < 8; ++links) {
      if (const auto blob = blobs_.find(at); blob != blobs_.end()) return &blob->second;
      const auto link = links_.find(at);
      if (link == links_.end()) return nullptr;
      at = link->second;
    }
    return nullptr;
  }

  Result<std::string> read(const std::string& name) const {
    const Blob* blob = find(name);
    if (blob == nullptr)
      return fail(Code::kInvalidArgument, "the archive has no file " + quote(name));
    return sys::read_file_at(staging_->dir(), blob->file.c_str(), kMostDocument);
  }

 private:
  explicit Members(const Staging& staging) : staging_(&staging) {}

  Result<> take(TarReader& tar, const TarEntry& entry) {
    const std::string name = member_name(entry.name);
    if (entry.kind == TarKind::kSymlink || entry.kind == TarKind::kHardlink) {
      const std::size_t slash = name.rfind('/');
      const bool relative = entry.kind == TarKind::kSymlink && !entry.link.starts_with('/');
      const std::string base = relative && slash != std::string::npos ? name.substr(0, slash) : "";
      links_[name] = member_name(base + "/" + entry.link);
      return {};
    }
    if (entry.kind == TarKind::kDirectory) return {};
    if (entry.kind != TarKind::kFile)
      return fail(Code::kInvalidArgument, "it is neither a file nor a directory nor a link");
    return take_file(tar, name);
  }

  Result<> take_file(TarReader& tar, const std::string& name) {
    const std::string file = std::to_string(blobs_.size());
    TRY_SET(const UniqueFd out,
            sys::open_at(staging_->dir(), file.c_str(), O_WRONLY | O_CREAT | O_EXCL, 0600));
    Hasher hasher;
    std::int64_t size = 0;
    while (true) {
      TRY_SET(const std::optional<TarData> piece, tar.data());
      if (!piece) break;
      if (piece->offset != static_cast<std::uint64_t>(size))
        return fail(Code::kInvalidArgument, "it has holes, which no image archive does");
      TRY(sys::write_all(out.borrow(), piece->bytes));
      hasher.update(piece->bytes);
      size += static_cast<std::int64_t>(piece->bytes.size());
    }
    blobs_.insert_or_assign(name, Blob{.file = file, .digest = hasher.finish(), .size = size});
    return {};
  }

  const Staging* staging_;
  std::map<std::string, Blob> blobs_;
  std::map<std::string, std::string> links_;
};

// The member that a descriptor names, if it is what the descriptor says.
Result<const Blob*> verified(const Members& members, const oci::Descriptor& descriptor) {
  TRY_SET(const Digest digest, Digest::parse(descriptor.digest));
  const Blob* blob = members.find("blobs/sha256/" + digest.hex());
  if (blob == nullptr)
    return fail(Code::kInvalidArgument, "the archive lacks blob " + digest.text());
  if (blob->digest != digest)
    return fail(
        Code::kInvalidArgument,
        "blob " + digest.text() + " has other content: its digest is " + blob->digest.text());
  if (blob->size != descriptor.size)
    return fail(Code::kInvalidArgument,
                "blob " + digest.text() + " has " + std::to_string(blob->size) +
                    " bytes, its descriptor says " + std::to_string(descriptor.size));
  return blob;
}

Result<std::string> read_verified(const Members& members, const oci::Descriptor& descriptor) {
  TRY(verified(members, descriptor));
  return members.read("blobs/sha256/" + Digest::parse(descriptor.digest)->hex());
}

const char* host_architecture() {
#if defined(__x86_64__)
  return "amd64";
#elif defined(__aarch64__)
  return "arm64";
#else
#error "add this processor's name in the image specification's terms"
#endif
}

bool runs_here(const oci::Descriptor& descriptor) {
  const oci::Platform& platform = descriptor.platform;
  return platform.architecture.empty() || (platform.architecture == host_architecture() &&
                                           (platform.os.empty() || platform.os == "linux"));
}

std::vector<std::string> names_for(const std::string& name) {
  if (name.empty()) return {};
  const auto reference = parse_reference(name);
  if (!reference) return {};
  return {with_default_host(*reference).text()};
}

class Loader {
 public:
  Loader(const Store& store, const Staging& staging, const Members& members,
         const std::string& name, const Progress& progress)
      : store_(store), staging_(staging), members_(members), name_(name), progress_(progress) {}

  Result<std::vector<Loaded>> run() {
    if (members_.find("manifest.json") != nullptr && members_.find("oci-layout") == nullptr)
      TRY(load_docker());
    else if (members_.find("index.json") != nullptr)
      TRY(load_oci());
    else
      return fail(
          Code::kInvalidArgument,
          "it is no image archive: it has neither index.json (OCI) nor manifest.json (docker)");
    if (loaded_.empty())
      return fail(Code::kInvalidArgument, "the archive has no image for this machine");
    return std::move(loaded_);
  }

 private:
  Result<> load_oci() {
    TRY_SET(const std::string text, members_.read("index.json"));
    TRY_SET(const oci::Index index, oci::parse_index(text));
    for (const oci::Descriptor& descriptor : index.manifests) {
      const auto named = descriptor.annotations.find("io.containerd.image.name");
      const auto plain = descriptor.annotations.find("org.opencontainers.image.ref.name");
      std::string name = name_;
      if (named != descriptor.annotations.end())
        name = named->second;
      else if (plain != descriptor.annotations.end() && name.empty())
        name = plain->second;
      TRY(load_descriptor(descriptor, name, 0));
    }
    return {};
  }

  Result<> load_descriptor(const oci::Descriptor& descriptor, const std::string& name, int depth) {
    if (!runs_here(descriptor)) return {};
    TRY_SET(std::string text, read_verified(members_, descriptor));
    if (!oci::is_index_type(descriptor.media_type)) return load_manifest(std::move(text), name);
    if (depth == kMostIndexDepth)
      return fail(Code::kInvalidArgument, "indexes are nested more than four deep");
    TRY_SET(const oci::Index index, oci::parse_index(text));
    for (const oci::Descriptor& inner : index.manifests)
      TRY(load_descriptor(inner, name, depth + 1));
    return {};
  }

  Result<> load_manifest(std::string text, const std::string& name) {
    Parts parts{.manifest_text = std::move(text), .manifest = {}, .config_text = "", .layers = {}};
    TRY_SET(parts.manifest, oci::parse_manifest(parts.manifest_text));
    TRY_SET(parts.config_text, read_verified(members_, parts.manifest.config), "configuration");
    for (const oci::Descriptor& layer : parts.manifest.layers) {
      TRY_SET(const Blob* blob, verified(members_, layer));
      parts.layers.push_back(*blob);
    }
    return install(parts, names_for(name));
  }

  Result<> load_docker() {
    TRY_SET(const std::string text, members_.read("manifest.json"));
    TRY_SET(const std::vector<oci::ArchiveImage> images, oci::parse_archive_manifest(text));
    for (const oci::ArchiveImage& image : images) TRY(load_docker_image(image));
    return {};
  }

  // A docker archive has no manifest of its own: ours names the same configuration and layers.
  Result<> load_docker_image(const oci::ArchiveImage& image) {
    Parts parts;
    TRY_SET(parts.config_text, members_.read(image.config), "configuration");
    parts.manifest.config = {.media_type = "application/vnd.oci.image.config.v1+json",
                             .digest = digest_of(parts.config_text).text(),
                             .size = static_cast<std::int64_t>(parts.config_text.size()),
                             .annotations = {},
                             .platform = {}};
    for (const std::string& layer : image.layers) {
      const Blob* blob = members_.find(layer);
      if (blob == nullptr)
        return fail(Code::kInvalidArgument, "the archive has no layer " + quote(layer));
      parts.layers.push_back(*blob);
      TRY_SET(const std::string type, layer_type(*blob));
      parts.manifest.layers.push_back({.media_type = type,
                                       .digest = blob->digest.text(),
                                       .size = blob->size,
                                       .annotations = {},
                                       .platform = {}});
    }
    parts.manifest_text = oci::write_manifest(parts.manifest);
    std::vector<std::string> names;
    for (const std::string& tag : image.repo_tags)
      for (std::string& name : names_for(tag)) names.push_back(std::move(name));
    if (names.empty()) names = names_for(name_);
    return install(parts, names);
  }

  Result<std::string> layer_type(const Blob& blob) const {
    TRY_SET(const UniqueFd file, sys::open_at(staging_.dir(), blob.file.c_str(), O_RDONLY));
    std::string magic(4, '\0');
    TRY(sys::read_some(file.borrow(), magic));
    std::string type = "application/vnd.oci.image.layer.v1.tar";
    if (magic.starts_with("\x1f\x8b")) type += "+gzip";
    if (magic == "\x28\xb5\x2f\xfd") type += "+zstd";
    return type;
  }

  Result<> install(const Parts& parts, const std::vector<std::string>& names) {
    TRY_SET(Loaded loaded, install_image(store_, staging_, parts, names, progress_));
    loaded_.push_back(std::move(loaded));
    return {};
  }

  const Store& store_;
  const Staging& staging_;
  const Members& members_;
  const std::string& name_;
  const Progress& progress_;
  std::vector<Loaded> loaded_;
};

}  // namespace

Result<std::vector<Loaded>> load_archive(const Store& store, BorrowedFd archive,
                                         const std::string& name, const Progress& progress) {
  TRY_SET(const Staging staging, Staging::open(store));
  TRY_SET(const Members members, Members::spool(archive, staging));
  return Loader(store, staging, members, name, progress).run();
}

}  // namespace planet::image
