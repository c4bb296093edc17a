#include "image/load.h"

#include "base/strings.h"
#include "image/compress.h"
#include "image/install.h"
#include "image/members.h"
#include "image/reference.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr int kMostIndexDepth = 4;
constexpr int kMostDescriptors =
    2000;  // looked at, in nested indexes that may name one another many times

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

// What the archive's name for an image is in the store; none if it is no name.
std::vector<std::string> names_for(const std::string& name) {
  if (name.empty()) return {};
  auto reference = parse_reference(name);
  if (!reference) return {};
  reference->digest.reset();
  return {with_default_host(*reference).text()};
}

class Loader {
 public:
  Loader(const Staging& staging, const Members& members, const std::string& name,
         Installation& installation)
      : staging_(staging), members_(members), name_(name), installation_(installation) {}

  Result<> run() {
    if (members_.find("manifest.json") != nullptr && members_.find("oci-layout") == nullptr)
      TRY(load_docker());
    else if (members_.find("index.json") != nullptr)
      TRY(load_oci());
    else
      return fail(
          Code::kInvalidArgument,
          "it is no image archive: it has neither index.json (OCI) nor manifest.json (docker)");
    if (!any_) return fail(Code::kInvalidArgument, "the archive has no image for this machine");
    return {};
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
      TRY_SET(const bool loaded, load_descriptor(descriptor, name, 0));
      any_ = any_ || loaded;
    }
    return {};
  }

  // True if it names an image for this machine. Of those in an inner index the first one counts.
  Result<bool> load_descriptor(const oci::Descriptor& descriptor, const std::string& name,
                               int depth) {
    if (++descriptors_ > kMostDescriptors)
      return fail(Code::kInvalidArgument, "the indexes name more than 2000 manifests");
    if (!runs_here(descriptor)) return false;
    TRY_SET(std::string text, members_.read_verified(descriptor));
    if (!oci::is_index_type(descriptor.media_type)) {
      TRY(load_manifest(std::move(text), name));
      return true;
    }
    if (depth == kMostIndexDepth)
      return fail(Code::kInvalidArgument, "indexes are nested more than four deep");
    TRY_SET(const oci::Index index, oci::parse_index(text));
    for (const oci::Descriptor& inner : index.manifests) {
      TRY_SET(const bool loaded, load_descriptor(inner, name, depth + 1));
      if (loaded) return true;
    }
    return false;
  }

  Result<> load_manifest(std::string text, const std::string& name) {
    Parts parts;
    parts.manifest_text = std::move(text);
    TRY_SET(parts.manifest, oci::parse_manifest(parts.manifest_text));
    TRY_SET(parts.config_text, members_.read_verified(parts.manifest.config), "configuration");
    for (const oci::Descriptor& layer : parts.manifest.layers) {
      if (!oci::is_layer_type(layer.media_type))
        return fail(Code::kInvalidArgument, "layer " + std::to_string(parts.layers.size() + 1) +
                                                " is of type " + quote(layer.media_type) +
                                                ", and not a tar archive");
      TRY_SET(const Blob* blob, members_.verified(layer));
      parts.layers.push_back(part_of(*blob));
    }
    return installation_.prepare(parts, names_for(name));
  }

  Result<> load_docker() {
    TRY_SET(const std::string text, members_.read("manifest.json"));
    TRY_SET(const std::vector<oci::ArchiveImage> images, oci::parse_archive_manifest(text));
    for (const oci::ArchiveImage& image : images) TRY(load_docker_image(image));
    any_ = !images.empty();
    return {};
  }

  PartLayer part_of(const Blob& blob) const {
    return {.blob = blob.digest,
            .file = blob.file,
            .has_blob = true,
            .open = [&staging = staging_, file = blob.file] { return open_staged(staging, file); },
            .done = {}};
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
      parts.layers.push_back(part_of(*blob));
      TRY_SET(const std::string type, layer_type(*blob));
      parts.manifest.layers.push_back({.media_type = type,
                                       .digest = blob->digest.text(),
                                       .size = blob->size,
                                       .annotations = {},
                                       .platform = {}});
    }
    parts.manifest_text = oci::write_manifest(parts.manifest);
    TRY_SET(const std::vector<std::string> names, tags_of(image));
    return installation_.prepare(parts, names);
  }

  Result<std::vector<std::string>> tags_of(const oci::ArchiveImage& image) const {
    std::vector<std::string> names;
    for (const std::string& tag : image.repo_tags) {
      const std::vector<std::string> name = names_for(tag);
      if (name.empty())
        return fail(Code::kInvalidArgument, quote(tag) + " in RepoTags is no name of an image");
      names.push_back(name.front());
    }
    return names.empty() ? names_for(name_) : names;
  }

  Result<std::string> layer_type(const Blob& blob) const {
    TRY_SET(const UniqueFd file, sys::open_at(staging_.dir(), blob.file.c_str(), O_RDONLY));
    TRY_SET(const std::optional<Compression> packed, compression_of(file.borrow()));
    return packed ? layer_media_type(*packed) : "application/vnd.oci.image.layer.v1.tar";
  }

  const Staging& staging_;
  const Members& members_;
  const std::string& name_;
  Installation& installation_;
  int descriptors_ = 0;
  bool any_ = false;
};

}  // namespace

Result<std::vector<Loaded>> load_archive(const Store& store, BorrowedFd archive,
                                         const std::string& name, const Progress& progress) {
  TRY_SET(const Staging staging, Staging::open(store.dir()));
  TRY_SET(const Members members, Members::spool(archive, staging));
  Installation installation(store, staging, {.least_workers = 1, .progress = progress});
  TRY(Loader(staging, members, name, installation).run());
  return installation.publish();
}

}  // namespace planet::image
