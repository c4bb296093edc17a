#include "image/store.h"

#include <sys/stat.h>

#include <algorithm>
#include <map>

#include "base/strings.h"
#include "image/store_index.h"
#include "sys/file.h"

namespace planet::image {
namespace {

constexpr std::size_t kMostImageFile = 16U << 20;
constexpr std::size_t kShortestId = 4;
constexpr std::string_view kSha256 = "sha256:";

// The links of a directory: what `name` makes of each file's name, and where it points. One that is gone when it is
// its turn is left out.
template <class F>
Result<std::map<std::string, std::string>> read_links(BorrowedFd store, const std::string& path,
                                                      F&& name) {
  std::map<std::string, std::string> links;
  TRY_SET(const UniqueFd dir, sys::open_at(store, path.c_str(), O_RDONLY | O_DIRECTORY));
  TRY_SET(const std::vector<std::string> files, sys::list_dir(dir.borrow()));
  for (const std::string& file : files)
    if (auto target = sys::read_link_at(dir.borrow(), file.c_str()))
      links[name(file)] = *std::move(target);
  return links;
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
  for (const char* name :
       {"blobs", "blobs/sha256", "tags", "digests", "images", "layers", "staging"})
    TRY(make_if_missing(dir, name));
  TRY_SET(const Staging staging, Staging::open(dir));
  TRY(write_if_missing(dir, staging, "index.json", oci::write_index({})));
  return write_if_missing(dir, staging, "oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
}

bool is_id(std::string_view text) {
  if (text.starts_with(kSha256)) text.remove_prefix(kSha256.size());
  return text.size() >= kShortestId && text.size() <= 64 &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::unexpected<Error> no_such_image(std::string_view text) {
  return fail(Code::kNotFound, "no image " + quote(text) +
                                   " here; `planet images` lists them, `planet pull` gets one");
}

}  // namespace

std::string tag_file(std::string name) {
  std::ranges::replace(name, '/', '!');
  return name;
}
std::string tag_name(std::string file) {
  std::ranges::replace(file, '!', '/');
  return file;
}

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

bool Store::has_blob(const std::string& digest) const {
  return sys::exists_at(dir(), ("blobs/sha256/" + digest).c_str());
}

Result<UniqueFd> Store::open_blob(const std::string& digest) const {
  return sys::open_at(dir(), ("blobs/sha256/" + digest).c_str(), O_RDONLY | O_NOFOLLOW);
}

Result<Image> Store::read_image(const std::string& digest) const {
  const std::string file = "images/" + digest;
  TRY_SET(const std::string text, sys::read_file_at(dir(), file.c_str(), kMostImageFile));
  TRY_SET(Image image, parse_image(text), "read " + file);
  for (const std::string& chain_id : image.chain)
    if (image.layers.size() < image.shown) image.layers.push_back(layer_dir(chain_id));
  return image;
}

// What a full name stands for.
Result<std::optional<Store::Found>> Store::find(const Reference& named) const {
  if (named.digest) {
    const std::string& hex = named.digest->hex();
    const std::string file = "digests/" + hex + "/" + tag_file(named.name());
    if (auto digest = sys::read_link_at(dir(), file.c_str()))
      return Found{.name = named.name() + "@" + named.digest->text(), .digest = *std::move(digest)};
    if (named.tag.empty() && has_image(hex)) return Found{.name = "", .digest = hex};
    if (named.tag.empty()) return std::nullopt;
  }
  Reference tagged = named;
  tagged.digest.reset();
  const auto digest = sys::read_link_at(dir(), ("tags/" + tag_file(tagged.text())).c_str());
  if (!digest || (named.digest && named.digest->hex() != *digest)) return std::nullopt;
  return Found{.name = tagged.text(), .digest = *digest};
}

Result<Image> Store::resolve(std::string_view text) const {
  const auto reference = parse_reference(text);
  if (!reference) {
    if (is_id(text)) return resolve_id(text);
    return std::unexpected(reference.error());
  }
  for (const Reference& candidate : local_candidates(*reference)) {
    TRY_SET(const std::optional<Found> found, find(candidate));
    if (!found) continue;
    auto image = read_image(found->digest);
    if (image || image.error().code() != Code::kNotFound) return image;  // else just removed
  }
  if (is_id(text)) return resolve_id(text);
  return no_such_image(text);
}

Result<std::optional<std::string>> Store::name_of(std::string_view text) const {
  const auto reference = parse_reference(text);
  if (!reference) return std::optional<std::string>();
  for (const Reference& candidate : local_candidates(*reference)) {
    TRY_SET(std::optional<Found> found, find(candidate));
    if (found && !found->name.empty()) return std::optional(std::move(found->name));
    if (found) break;
  }
  return std::optional<std::string>();
}

Result<Image> Store::resolve_id(std::string_view text) const {
  if (text.starts_with(kSha256)) text.remove_prefix(kSha256.size());
  TRY_SET(const std::vector<std::string> all, digests());
  std::optional<Image> found;
  for (const std::string& digest : all) {
    auto image = read_image(digest);
    if (!image && image.error().code() == Code::kNotFound) continue;
    if (!image) return image;
    if (!image->config_digest.starts_with(text) && !digest.starts_with(text)) continue;
    if (found && found->config_digest != image->config_digest)
      return fail(Code::kInvalidArgument,
                  "image id " + quote(text) + " is ambiguous; give more digits");
    found = *std::move(image);
  }
  if (!found) return no_such_image(text);
  return *std::move(found);
}

Result<std::map<std::string, std::string>> Store::tags() const {
  return read_links(dir(), "tags", [](const std::string& file) { return tag_name(file); });
}

Result<std::map<std::string, std::string>> Store::repo_digests() const {
  std::map<std::string, std::string> all;
  const auto digests = sys::open_at(dir(), "digests", O_RDONLY | O_DIRECTORY);
  if (!digests && digests.error().code() == Code::kNotFound) return all;
  if (!digests) return std::unexpected(digests.error());
  TRY_SET(const std::vector<std::string> hexes, sys::list_dir(digests->borrow()));
  for (const std::string& hex : hexes) {
    auto links = read_links(dir(), "digests/" + hex, [&](const std::string& file) {
      return tag_name(file) + "@" + std::string(kSha256) + hex;
    });
    // The last image of that digest may have been removed meanwhile.
    if (!links && links.error().code() == Code::kNotFound) continue;
    if (!links) return std::unexpected(std::move(links).error());
    all.merge(*std::move(links));
  }
  return all;
}

Result<std::vector<std::string>> Store::digests() const {
  TRY_SET(const UniqueFd images, sys::open_at(dir(), "images", O_RDONLY | O_DIRECTORY));
  return sys::list_dir(images.borrow());
}

Result<std::vector<Listed>> Store::list() const {
  TRY_SET(const std::vector<std::string> all, digests());
  std::map<std::string, Listed> listed;
  for (const std::string& digest : all) {
    auto image = read_image(digest);
    if (!image && image.error().code() == Code::kNotFound) continue;  // just removed
    if (!image) return std::unexpected(std::move(image).error());
    listed[digest].image = *std::move(image);
  }
  TRY_SET(const auto names, tags());
  for (const auto& [name, digest] : names)
    if (const auto found = listed.find(digest); found != listed.end())
      found->second.names.push_back(name);
  TRY_SET(const auto remote, repo_digests());
  for (const auto& [name, digest] : remote)
    if (const auto found = listed.find(digest); found != listed.end())
      found->second.repo_digests.push_back(name);
  std::vector<Listed> out;
  out.reserve(listed.size());
  for (auto& [digest, one] : listed) out.push_back(std::move(one));
  return out;
}

Result<> Store::move_in(const Staging& staging, const std::string& name,
                        const std::string& to) const {
  return sys::rename_at(staging.dir(), name.c_str(), dir(), to.c_str());
}

// Layers that the load found here and did not make again.
Result<> Store::check_layers(const Staged& staged) const {
  for (const StagedImage& one : staged.images)
    for (const std::string& chain_id : one.image.chain)
      if (!has_layer(chain_id) && std::ranges::find(staged.layers, chain_id) == staged.layers.end())
        return fail(Code::kWrongState, "layer " + chain_id + " was removed meanwhile; try again");
  return {};
}

Result<> Store::link_name(const Staging& staging, const std::string& name,
                          const std::string& digest) const {
  std::string to = "tags/" + tag_file(name);
  if (const std::size_t at = name.find('@'); at != std::string::npos) {
    TRY_SET(const Digest named, Digest::parse(std::string_view(name).substr(at + 1)));
    to = "digests/" + named.hex();
    TRY(make_if_missing(dir(), "digests"));
    TRY(make_if_missing(dir(), to.c_str()));
    to += "/" + tag_file(name.substr(0, at));
  }
  TRY(sys::symlink_at(digest.c_str(), staging.dir(), "link"));
  return move_in(staging, "link", to);
}

// One image and its names.
Result<> Store::show(const Staging& staging, const StagedImage& one) const {
  const std::string& digest = one.image.digest;
  if (!has_image(digest)) TRY(move_in(staging, "image-" + digest, "images/" + digest));
  for (const std::string& name : one.repo_digests) TRY(link_name(staging, name, digest));
  for (const std::string& name : one.names) TRY(link_name(staging, name, digest));
  return {};
}

Result<std::string> Store::read_blob(const std::string& hex, std::size_t limit) const {
  TRY_SET(std::string text, sys::read_file_at(dir(), ("blobs/sha256/" + hex).c_str(), limit));
  if (digest_of(text).hex() != hex)
    return fail(Code::kCorrupt,
                "blob " + hex + " is damaged; `planet system check --repair` mends the store");
  return text;
}

Result<> Store::publish(const Staging& staging, const Staged& staged) const {
  // What may still fail, for want of space, fails before anything is visible.
  for (const StagedImage& one : staged.images)
    TRY(staging.write("image-" + one.image.digest, write_image(one.image)));
  // index.json is written from all names: two at once would each miss the other's.
  TRY_SET(const UniqueFd lock, lock_names());
  TRY(check_layers(staged));
  TRY(stage_index(*this, staging, staged));
  for (const std::string& chain_id : staged.layers) {
    const Result<> moved = move_in(staging, "layer-" + chain_id, "layers/" + chain_id);
    // Somebody else was faster: theirs is the same.
    if (!moved && !has_layer(chain_id)) return moved;
  }
  // A blob that is there is replaced by one whose digest was seen to be right a moment ago.
  for (const auto& [hex, file] : staged.blobs) TRY(move_in(staging, file, "blobs/sha256/" + hex));
  for (const StagedImage& one : staged.images) TRY(show(staging, one));
  return move_in(staging, "index.json", "index.json");
}

Result<UniqueFd> Store::lock_names() const {
  TRY_SET(UniqueFd lock, sys::open_at(dir(), "tags", O_RDONLY | O_DIRECTORY));
  TRY(sys::lock_exclusive(lock.borrow()));
  return lock;
}

}  // namespace planet::image
