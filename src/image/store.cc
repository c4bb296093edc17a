#include "image/store.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "oci/json.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostImageFile = 16U << 20;
constexpr std::size_t kShortestId = 4;

std::string tag_file(std::string name) {
  std::ranges::replace(name, '/', '!');
  return name;
}
std::string tag_name(std::string file) {
  std::ranges::replace(file, '!', '/');
  return file;
}

std::string write_image(const Image& image) {
  oci::json::object object;
  object["digest"] = image.digest;
  object["configDigest"] = image.config_digest;
  object["chain"] = oci::to_array(image.chain);
  object["shown"] = image.shown;
  object["maxId"] = image.max_id;
  object["maxIdEntry"] = image.max_id_entry;
  object["rootMode"] = image.root_mode;
  object["rootUid"] = image.root_uid;
  object["rootGid"] = image.root_gid;
  object["size"] = image.size;
  const oci::ImageConfig& config = image.config;
  oci::json::object labels;
  for (const auto& [key, value] : config.labels) labels[key] = value;
  object["config"] = {
      {"created", config.created},        {"user", config.user},
      {"workingDir", config.working_dir}, {"stopSignal", config.stop_signal},
      {"env", oci::to_array(config.env)}, {"entrypoint", oci::to_array(config.entrypoint)},
      {"cmd", oci::to_array(config.cmd)}, {"labels", std::move(labels)}};
  return oci::to_text(object);
}

Result<Image> parse_image(std::string_view text) {
  TRY_SET(const oci::json::value value, oci::parse_json(text, kMostImageFile));
  TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""));
  Image image;
  TRY(fields.read("digest", image.digest));
  TRY(fields.read("configDigest", image.config_digest));
  TRY(fields.read("chain", image.chain));
  image.shown = image.chain.size();
  TRY(fields.read("shown", image.shown));
  TRY(fields.read("maxId", image.max_id));
  TRY(fields.read("maxIdEntry", image.max_id_entry));
  TRY(fields.read("rootMode", image.root_mode));
  TRY(fields.read("rootUid", image.root_uid));
  TRY(fields.read("rootGid", image.root_gid));
  TRY(fields.read("size", image.size));
  const oci::json::value* inner = fields.find("config");
  if (inner == nullptr) return fail(Code::kCorrupt, "config is missing");
  TRY_SET(const oci::Fields config, oci::Fields::of(*inner, "config"));
  TRY(config.read("created", image.config.created));
  TRY(config.read("user", image.config.user));
  TRY(config.read("workingDir", image.config.working_dir));
  TRY(config.read("stopSignal", image.config.stop_signal));
  TRY(config.read("env", image.config.env));
  TRY(config.read("entrypoint", image.config.entrypoint));
  TRY(config.read("cmd", image.config.cmd));
  TRY(config.read_map("labels", image.config.labels));
  return image;
}

Result<> make_if_missing(BorrowedFd dir, const char* name) {
  Result<> made = sys::make_dir_at(dir, name, 0700);
  if (made || made.error().code() == Code::kAlreadyExists) return {};
  return made;
}

// A link, unlike a rename, does not replace what another process has put there meanwhile.
Result<> write_if_missing(BorrowedFd dir, const Staging& staging, const char* name,
                          std::string_view content) {
  TRY(staging.write(name, content));
  Result<> linked = sys::link_at(staging.dir(), name, dir, name);
  if (linked || linked.error().code() == Code::kAlreadyExists) return {};
  return linked;
}

Result<> make_layout(BorrowedFd dir) {
  if (sys::exists_at(dir, "oci-layout")) return {};
  for (const char* name : {"blobs", "blobs/sha256", "tags", "images", "layers", "staging"})
    TRY(make_if_missing(dir, name));
  TRY_SET(const Staging staging, Staging::open(dir));
  TRY(write_if_missing(dir, staging, "index.json", oci::write_index({})));
  return write_if_missing(dir, staging, "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
}

bool is_id(std::string_view text) {
  return text.size() >= kShortestId && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::unexpected<Error> no_such_image(std::string_view text) {
  return fail(Code::kNotFound, "no image " + quote(text) +
                                   " here; `planet images` lists them, `planet load` adds one");
}

}  // namespace

Result<Store> Store::open(const std::string& root) {
  TRY_SET(UniqueFd dir, sys::make_directories(sys::kCwd, root, 0700), "open the image store");
  TRY(make_layout(dir.borrow()), "open the image store");
  return Store(root, std::move(dir));
}

std::string Store::layer_dir(const std::string& chain_id) const {
  return path_ + "/layers/" + chain_id + "/fs";
}

bool Store::has_layer(const std::string& chain_id) const {
  return sys::exists_at(dir(), ("layers/" + chain_id).c_str());
}

bool Store::has_image(const std::string& digest) const {
  return sys::exists_at(dir(), ("images/" + digest).c_str());
}

Result<Image> Store::read_image(const std::string& digest) const {
  const std::string file = "images/" + digest;
  TRY_SET(const std::string text, sys::read_file_at(dir(), file.c_str(), kMostImageFile));
  TRY_SET(Image image, parse_image(text), "read " + file);
  for (const std::string& chain_id : image.chain)
    if (image.layers.size() < image.shown) image.layers.push_back(layer_dir(chain_id));
  return image;
}

Result<Image> Store::resolve(std::string_view text) const {
  auto reference = parse_reference(text);
  if (!reference) {
    if (is_id(text)) return resolve_id(text);
    return std::unexpected(std::move(reference).error());
  }
  for (const Reference& candidate : local_candidates(*reference)) {
    if (candidate.tag.empty()) {  // by digest alone
      if (has_image(candidate.digest->hex())) return read_image(candidate.digest->hex());
      continue;
    }
    Reference named = candidate;
    named.digest.reset();
    const auto digest = sys::read_link_at(dir(), ("tags/" + tag_file(named.text())).c_str());
    if (!digest) continue;
    if (candidate.digest && candidate.digest->hex() != *digest) continue;
    return read_image(*digest);
  }
  if (is_id(text)) return resolve_id(text);
  return no_such_image(text);
}

Result<Image> Store::resolve_id(std::string_view text) const {
  TRY_SET(const UniqueFd images, sys::open_at(dir(), "images", O_RDONLY | O_DIRECTORY));
  TRY_SET(const std::vector<std::string> digests, sys::list_dir(images.borrow()));
  std::optional<Image> found;
  for (const std::string& digest : digests) {
    TRY_SET(Image image, read_image(digest));
    if (!image.config_digest.starts_with(text) && !digest.starts_with(text)) continue;
    if (found && found->config_digest != image.config_digest)
      return fail(Code::kInvalidArgument,
                  "image id " + quote(text) + " is ambiguous; give more digits");
    found = std::move(image);
  }
  if (!found) return no_such_image(text);
  return *std::move(found);
}

Result<std::vector<std::string>> Store::tag_files() const {
  TRY_SET(const UniqueFd tags, sys::open_at(dir(), "tags", O_RDONLY | O_DIRECTORY));
  TRY_SET(std::vector<std::string> files, sys::list_dir(tags.borrow()));
  std::ranges::sort(files);
  return files;
}

Result<std::vector<Listed>> Store::list() const {
  TRY_SET(const std::vector<std::string> files, tag_files());
  std::vector<Listed> listed;
  for (const std::string& file : files) {
    TRY_SET(const std::string digest, sys::read_link_at(dir(), ("tags/" + file).c_str()));
    TRY_SET(Image image, read_image(digest));
    listed.push_back({.name = tag_name(file), .image = std::move(image)});
  }
  return listed;
}

// index.json as it will be: the names that are there, and the new ones.
Result<> Store::stage_index(const Staging& staging, const Staged& staged) const {
  std::map<std::string, std::string> tags;
  TRY_SET(const std::vector<std::string> files, tag_files());
  for (const std::string& file : files) {
    TRY_SET(tags[tag_name(file)], sys::read_link_at(dir(), ("tags/" + file).c_str()));
  }
  for (const StagedImage& one : staged.images)
    for (const std::string& name : one.names) tags[name] = one.image.digest;
  oci::Index index;
  for (const auto& [name, digest] : tags) {
    const auto blob = staged.blobs.find(digest);
    TRY_SET(const struct stat st, blob != staged.blobs.end()
                                      ? sys::lstat_at(staging.dir(), blob->second.c_str())
                                      : sys::lstat_at(dir(), ("blobs/sha256/" + digest).c_str()));
    index.manifests.push_back({.media_type = "application/vnd.oci.image.manifest.v1+json",
                               .digest = "sha256:" + digest,
                               .size = st.st_size,
                               .annotations = {{"org.opencontainers.image.ref.name", name}},
                               .platform = {}});
  }
  return staging.write("index.json", oci::write_index(index));
}

Result<> Store::move_in(const Staging& staging, const std::string& name,
                        const std::string& to) const {
  return sys::rename_at(staging.dir(), name.c_str(), dir(), to.c_str());
}

Result<> Store::publish(const Staging& staging, const Staged& staged) const {
  TRY_SET(const UniqueFd lock, sys::open_at(dir(), "tags", O_RDONLY | O_DIRECTORY));
  // What may still fail, for want of space, fails before anything is visible.
  for (const StagedImage& one : staged.images)
    TRY(staging.write("image-" + one.image.digest, write_image(one.image)));
  // index.json is written from all names: two at once would each miss the other's.
  TRY(sys::lock_exclusive(lock.borrow()));
  TRY(stage_index(staging, staged));
  for (const std::string& chain_id : staged.layers) {
    const Result<> moved = move_in(staging, "layer-" + chain_id, "layers/" + chain_id);
    // Somebody else was faster: theirs is the same.
    if (!moved && !has_layer(chain_id)) return moved;
  }
  // A blob that is there is replaced by one whose digest was seen to be right a moment ago.
  for (const auto& [hex, file] : staged.blobs) TRY(move_in(staging, file, "blobs/sha256/" + hex));
  for (const StagedImage& one : staged.images) {
    if (!has_image(one.image.digest))
      TRY(move_in(staging, "image-" + one.image.digest, "images/" + one.image.digest));
    for (const std::string& name : one.names) {
      TRY(sys::symlink_at(one.image.digest.c_str(), staging.dir(), "tag"));
      TRY(move_in(staging, "tag", "tags/" + tag_file(name)));
    }
  }
  return move_in(staging, "index.json", "index.json");
}

}  // namespace planet::image
