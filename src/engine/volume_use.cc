#include "engine/volume_use.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/strings.h"
#include "engine/containers.h"
#include "engine/events.h"
#include "engine/user_match.h"
#include "engine/volumes.h"
#include "fs/overlay.h"
#include "fs/root.h"
#include "image/extract.h"
#include "image/pack.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

// "/a//b/../c/" is "/a/c": what two mounts of one place have in common. Links are not looked at.
std::string plain_path(std::string_view path) {
  std::vector<std::string> parts;
  for (const std::string_view part : split(path, '/')) {
    if (part.empty() || part == ".") continue;
    if (part != "..")
      parts.emplace_back(part);
    else if (!parts.empty())
      parts.pop_back();
  }
  return "/" + join(parts, "/");
}

// The mounts of a container, collected; each place has one.
class Collection {
 public:
  // By the user: a second one at the same place is a mistake.
  Result<> add(const Volume& volume) {
    if (places_.insert(plain_path(volume.destination)).second) {
      volumes_.push_back(volume);
      return {};
    }
    return fail(Code::kInvalidArgument, "duplicate mount point: " + printable(volume.destination));
  }
  Result<> reserve(const std::string& destination) {
    if (places_.insert(plain_path(destination)).second) return {};
    return fail(Code::kInvalidArgument, "duplicate mount point: " + printable(destination));
  }
  // By another container or the image: what the user says counts more.
  void add_if_free(const Volume& volume) {
    if (places_.insert(plain_path(volume.destination)).second) volumes_.push_back(volume);
  }
  std::vector<Volume>& volumes() { return volumes_; }

 private:
  std::set<std::string> places_;
  std::vector<Volume> volumes_;
};

VolumeKind kind_of(const RecordedMount& mount) {
  if (mount.type == "image") return VolumeKind::kImage;
  return mount.type == "bind" ? VolumeKind::kBind : VolumeKind::kVolume;
}

Result<> add_from(const Engine& engine, const VolumesFrom& from, Collection& all) {
  TRY_SET(const std::string id, find_container(engine.places, from.container));
  TRY_SET(const Container container, look_at(engine.places, id));
  TRY(check_whole(container));
  for (const RecordedMount& mount : container.record.mounts) {
    if (mount.type == "tmpfs") continue;
    Volume volume{.kind = kind_of(mount),
                  .source = mount.type == "bind" ? mount.source : mount.name,
                  .destination = mount.destination,
                  .options = mount.options,
                  .subpath = mount.subpath,
                  .copy_up = false};
    if (from.read_only && !mount.read_only()) volume.options.emplace_back("rro");
    all.add_if_free(volume);
  }
  return {};
}

void add_of_image(const image::Image& image, Collection& all) {
  for (const std::string& text : image.config.volumes) {
    const std::string place = plain_path(text);
    // An image is a stranger: what it says of its root or of nothing is no volume.
    if (place == "/") continue;
    Volume volume{.kind = VolumeKind::kVolume, .destination = place, .options = {"rbind"}};
    volume.anonymous = true;
    all.add_if_free(volume);
  }
}

Result<Collection> collect(const Engine& engine, const RunRequest& request,
                           const image::Image& image) {
  Collection all;
  for (const Volume& volume : request.volumes) TRY(all.add(volume));
  for (const oci::Mount& tmpfs : request.tmpfs) TRY(all.reserve(tmpfs.destination));
  for (const VolumesFrom& from : request.volumes_from)
    TRY(add_from(engine, from, all), "--volumes-from " + printable(from.container));
  add_of_image(image, all);
  return all;
}

// What the record names is not removed: neither what is mounted, nor what the image needs beside it.
Result<> add_image(const Engine& engine, const Volume& volume, Record& record) {
  TRY_SET(const image::Image image, engine.store.resolve(volume.source));
  RecordedMount mount{.type = "image",
                      .name = volume.source,
                      .source = "",
                      .destination = volume.destination,
                      .subpath = volume.subpath,
                      .options = volume.options};
  for (std::size_t i = 0; i < image.shown && i < image.chain.size(); ++i)
    mount.layers.push_back(image.chain[i]);
  record.layers.insert(record.layers.end(), image.chain.begin(), image.chain.end());
  record.mounts.push_back(std::move(mount));
  return {};
}

RecordedMount recorded(const Volume& volume) {
  return {.type = volume.kind == VolumeKind::kBind ? "bind" : "volume",
          .name = volume.kind == VolumeKind::kBind ? "" : volume.source,
          .source = volume.kind == VolumeKind::kBind ? volume.source : "",
          .destination = volume.destination,
          .subpath = volume.subpath,
          .options = volume.options,
          .anonymous = volume.anonymous,
          .match = volume.match_user ? std::optional(UserMatch{}) : std::nullopt};
}

// The volume's own directory, to be locked, and its files'.
struct OpenVolume {
  UniqueFd dir, data;
};

Result<OpenVolume> open_volume(const Engine& engine, const RecordedMount& mount) {
  OpenVolume volume;
  TRY_SET(volume.dir,
          sys::open_at(engine.places.root_dir.borrow(), ("volumes/" + mount.name).c_str(),
                       O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY_SET(volume.data, sys::open_at(sys::kCwd, mount.source.c_str(), O_RDONLY | O_DIRECTORY));
  return volume;
}

Result<> empty(BorrowedFd dir) {
  TRY_SET(const std::vector<std::string> names, sys::list_dir(dir));
  for (const std::string& name : names) TRY(sys::remove_tree_at(dir, name.c_str()));
  return {};
}

Result<> copy_image_directory(BorrowedFd from, BorrowedFd to) {
  TRY_SET(const struct stat st, sys::stat_fd(from));
  TRY_SET(UniqueFd source, sys::duplicate(from));
  TRY_SET(UniqueFd target, sys::duplicate(to));
  const auto tar = image::pack(std::move(source), {.top_entry = false});
  TRY(image::extract(*tar, std::move(target), {}));
  TRY(sys::change_owner(to, st.st_uid, st.st_gid));
  TRY(sys::change_mode(to, st.st_mode & 07777U));
  return sys::change_times(to, {st.st_atim, st.st_mtim});
}

// One volume, if it is empty. Somebody who was killed at it has left its mark: then what is there is a part of the copy,
// which no container has seen.
Result<> fill(const Engine& engine, const RecordedMount& mount, const fs::Root& image_root) {
  const auto from = image_root.open(mount.destination, O_PATH | O_DIRECTORY);
  if (!from) return {};  // the image has nothing there, or what is no directory
  TRY_SET(const OpenVolume volume, open_volume(engine, mount));
  TRY(sys::lock_exclusive(volume.dir.borrow()));
  if (sys::exists_at(volume.dir.borrow(), "filling")) TRY(empty(volume.data.borrow()));
  TRY_SET(const std::vector<std::string> names, sys::list_dir(volume.data.borrow()));
  if (!names.empty()) return {};
  TRY(sys::replace_file_at(volume.dir.borrow(), "filling", "", 0600));
  TRY(copy_image_directory(from->borrow(), volume.data.borrow()));
  return sys::unlink_at(volume.dir.borrow(), "filling");
}

bool is_filled(const RecordedMount& mount, const RunRequest& request) {
  if (mount.type != "volume" || !mount.subpath.empty()) return false;
  const auto asked = std::ranges::find(request.volumes, mount.destination, &Volume::destination);
  return asked == request.volumes.end() ? mount.anonymous : asked->copy_up;
}

}  // namespace

Result<UniqueFd> claim_volumes(const Engine& engine, const RunRequest& request,
                               const image::Image& image, Record& record) {
  TRY_SET(Collection all, collect(engine, request, image));
  UniqueFd lock;
  for (Volume& volume : all.volumes()) {
    if (volume.kind == VolumeKind::kImage) TRY(add_image(engine, volume, record), "--mount");
    if (volume.kind == VolumeKind::kBind) record.mounts.push_back(recorded(volume));
    if (volume.kind != VolumeKind::kVolume) continue;
    if (!lock.valid()) {
      TRY_SET(lock, lock_volumes(engine.places));
    }
    volume.anonymous = volume.anonymous || volume.source.empty();
    TRY_SET(const VolumeInfo made, make_volume(lock.borrow(), {.name = volume.source,
                                                               .created = "",
                                                               .labels = volume.labels,
                                                               .options = volume.driver_options}));
    if (made.is_new) note_event(engine.places, volume_event("create", made.name));
    volume.source = made.name;
    record.mounts.push_back(recorded(volume));
    record.mounts.back().source = volume_path(engine.places, made);
  }
  for (const oci::Mount& tmpfs : request.tmpfs)
    record.mounts.push_back({.type = "tmpfs",
                             .name = "",
                             .source = "",
                             .destination = tmpfs.destination,
                             .subpath = "",
                             .options = tmpfs.options});
  return lock;
}

Result<> fill_volumes(const Engine& engine, const RunRequest& request, const image::Image& image,
                      const Record& record) {
  std::optional<fs::Root> root;
  if (image.layers.empty()) return {};
  for (const RecordedMount& mount : record.mounts) {
    if (!is_filled(mount, request)) continue;
    if (!root) {
      TRY_SET(const fs::DetachedMount merged,
              fs::make_overlay({.layers = image.layers}, std::nullopt), "look into the image");
      TRY_SET(UniqueFd dir, sys::duplicate(merged.root()));
      root.emplace(std::move(dir));
    }
    TRY(fill(engine, mount, *root), "fill volume " + mount.name);
  }
  return {};
}

void plan_recorded_mounts(const Record& record, oci::Spec& spec) {
  for (const RecordedMount& mount : record.mounts) {
    if (mount.type == "tmpfs") {
      spec.mounts.push_back({.destination = mount.destination,
                             .type = "tmpfs",
                             .source = "tmpfs",
                             .options = mount.options,
                             .uid_mappings = {},
                             .gid_mappings = {}});
      continue;
    }
    if (mount.type == "image") {
      // No source that exists: it comes from the layers that are named beside the Spec.
      spec.mounts.push_back({.destination = mount.destination,
                             .type = "bind",
                             .source = "/dev/null/image",
                             .options = mount.options,
                             .uid_mappings = {},
                             .gid_mappings = {}});
      continue;
    }
    // Through the container's own id map, its root and the host's owner of a file are the same: what is mounted on
    // purpose can be used.
    MatchMaps maps{.uids = spec.linux_.uid_mappings, .gids = spec.linux_.gid_mappings};
    if (mount.match) maps = match_maps(record, *mount.match);
    spec.mounts.push_back({.destination = mount.destination,
                           .type = "bind",
                           .source = mount.source,
                           .options = mount.options,
                           .uid_mappings = std::move(maps.uids),
                           .gid_mappings = std::move(maps.gids)});
  }
}

Result<std::vector<UniqueFd>> pin_subpaths(const Record& record, oci::Spec& spec) {
  std::vector<UniqueFd> pinned;
  for (const RecordedMount& mount : record.mounts) {
    if (mount.subpath.empty() || mount.type != "volume") continue;
    TRY_SET(UniqueFd base, sys::open_at(sys::kCwd, mount.source.c_str(), O_PATH | O_DIRECTORY));
    const fs::Root volume(std::move(base));
    auto part = volume.open(mount.subpath, O_PATH);
    if (!part)
      return std::unexpected(std::move(part).error().while_doing("subpath " + quote(mount.subpath) +
                                                                 " of volume " + mount.name));
    const auto planned =
        std::ranges::find(spec.mounts, mount.destination, &oci::Mount::destination);
    if (planned == spec.mounts.end())
      return fail(Code::kCorrupt, "config.json lacks the mount at " + quote(mount.destination));
    planned->source = "/proc/self/fd/" + std::to_string(part->borrow().get());
    pinned.push_back(*std::move(part));
  }
  return pinned;
}

std::vector<runtime::LayersMount> plan_image_mounts(const Engine& engine, const Record& record) {
  std::vector<runtime::LayersMount> mounts;
  for (const RecordedMount& mount : record.mounts) {
    if (mount.type != "image") continue;
    runtime::LayersMount& one = mounts.emplace_back();
    one.destination = mount.destination;
    one.subpath = mount.subpath;
    for (const std::string& layer : mount.layers)
      one.layers.push_back(engine.store.layer_dir(layer));
  }
  return mounts;
}

}  // namespace planet::engine
