#include "engine/container_root.h"

#include "base/strings.h"
#include "engine/host_files.h"
#include "engine/reserve.h"
#include "engine/spec_plan.h"
#include "engine/user_match.h"
#include "fs/foreign_root.h"
#include "fs/overlay.h"
#include "runtime/namespaces.h"
#include "sys/file.h"
#include "sys/process.h"

namespace planet::engine {
namespace {

std::vector<oci::IdMapping> id_map_of(const Record& record) {
  return {{.container_id = 0, .host_id = range_base(*record.range), .size = kIdsPerContainer}};
}

// Held by whoever starts, keeps or removes it. None: somebody does.
std::optional<UniqueFd> try_lock(const Engine& engine, const std::string& id) {
  auto dir = sys::open_at(engine.places.root_dir.borrow(), ("containers/" + id).c_str(),
                          O_RDONLY | O_DIRECTORY);
  if (!dir || !sys::try_lock_exclusive(dir->borrow())) return std::nullopt;
  return *std::move(dir);
}

Result<fs::DetachedMount> mount_directory(const Record& record, std::optional<BorrowedFd> user_ns) {
  TRY_SET(fs::DetachedMount mount,
          fs::DetachedMount::clone(sys::kCwd, record.rootfs.c_str(), false));
  TRY(mount.set_private());
  if (user_ns) TRY(mount.set_id_map(*user_ns, false));
  return mount;
}

// The container's own files.
Result<fs::DetachedMount> mount_root(const Engine& engine, const Record& record, Access access,
                                     std::optional<BorrowedFd> map) {
  if (!record.rootfs.empty()) return mount_directory(record, map);
  const std::string dir = engine.places.container_dir(record.id);
  fs::OverlayDirs dirs{.layers = layer_dirs(engine, record)};
  if (access == Access::kRead) {
    dirs.changes = dir + "/upper";
  } else {
    dirs.upper = dir + "/upper";
    dirs.work = dir + "/work";
  }
  return fs::make_overlay(dirs, map);
}

// A volume or bind, as at a start of the container. One that is not there any more is not there here, either.
Result<std::optional<fs::DetachedMount>> mount_volume(const Record& record,
                                                      const RecordedMount& mount,
                                                      std::optional<BorrowedFd> map) {
  auto source = sys::open_at(sys::kCwd, mount.source.c_str(), O_PATH);
  if (!source) return std::nullopt;
  if (!mount.subpath.empty()) {
    source = fs::Root(*std::move(source)).open(mount.subpath, O_PATH);
    if (!source) return std::nullopt;
  }
  TRY_SET(const fs::MountOptions options, fs::parse_mount_options(mount.options));
  TRY_SET(fs::DetachedMount bind,
          fs::DetachedMount::clone(source->borrow(), "", options.bind_recursive));
  TRY(bind.set_private());
  UniqueFd matched;
  if (mount.match) {
    const MatchMaps maps = match_maps(record, *mount.match);
    TRY_SET(matched, runtime::make_user_namespace(maps.uids, maps.gids));
    map = matched.borrow();
  }
  if (map) TRY(bind.set_id_map(*map, options.bind_recursive));
  TRY(bind.set_attributes(options));
  return bind;
}

Result<std::optional<fs::DetachedMount>> mount_image(const Engine& engine,
                                                     const RecordedMount& mount,
                                                     std::optional<BorrowedFd> map) {
  std::vector<std::string> layers;
  layers.reserve(mount.layers.size());
  for (const std::string& layer : mount.layers) layers.push_back(engine.store.layer_dir(layer));
  TRY_SET(const fs::MountOptions options, fs::parse_mount_options(mount.options));
  TRY_SET(fs::DetachedMount view, fs::make_view(layers, mount.subpath, options, map));
  return view;
}

Result<fs::DetachedMount> mount_stopped(const Engine& engine, const Record& record, Access access,
                                        Below below) {
  UniqueFd user_ns;
  if (record.range) {
    TRY_SET(user_ns, runtime::make_user_namespace(id_map_of(record), id_map_of(record)));
  }
  const std::optional<BorrowedFd> map =
      user_ns.valid() ? std::optional(user_ns.borrow()) : std::nullopt;
  TRY_SET(fs::DetachedMount root, mount_root(engine, record, access, map));
  std::vector<fs::Attachment> volumes;
  if (below == Below::kNothing) return root;
  for (const RecordedMount& mount : record.mounts) {
    if (mount.type == "tmpfs") continue;
    auto one =
        mount.type == "image" ? mount_image(engine, mount, map) : mount_volume(record, mount, map);
    if (!one) return std::unexpected(Error(one.error()).while_doing(mount.destination));
    if (*one) volumes.push_back({.path = mount.destination, .mount = **std::move(one)});
  }
  return fs::assemble(std::move(root), std::move(volumes));
}

Result<ContainerRoot> open_running(const Container& container, Below below) {
  TRY_SET(const UniqueFd init, open_init(container));
  ContainerRoot root{.mount = {}, .ids = ids_of(container.record), .lock = {}};
  TRY_SET(root.mount, fs::clone_root_of(init.borrow(), below == Below::kMounts));
  // It may have ended meanwhile, and the descriptor's process with it; then what was copied is still its root.
  return root;
}

}  // namespace

Result<fs::Root> ContainerRoot::root() const {
  TRY_SET(UniqueFd dir, sys::duplicate(mount.root()));
  return fs::Root(std::move(dir));
}

Result<> ContainerRoot::make_files_as_root() const {
  if (ids.base == 0) return {};
  return sys::set_file_ids(ids.base, ids.base);
}

image::IdView ids_of(const Record& record) {
  if (!record.range) return {};
  return {.base = range_base(*record.range), .count = kIdsPerContainer};
}

std::vector<std::string> layer_dirs(const Engine& engine, const Record& record) {
  std::vector<std::string> dirs;
  for (std::size_t i = 0; i < record.layers.size() && i < record.shown_layers; ++i)
    dirs.push_back(engine.store.layer_dir(record.layers[i]));
  // The changes of the container come over them, as one more.
  if (dirs.size() + 1 < fs::kMostLayers) add_mount_places(engine.places, dirs);
  return dirs;
}

Result<StillContainer> hold_still(const Engine& engine, const std::string& id) {
  constexpr int kPatience = 10'000;
  for (int ms = 0; ms < kPatience; ++ms) {
    TRY_SET(Container container, look_at(engine.places, id));
    TRY(check_whole(container));
    if (container.state) return StillContainer{.container = std::move(container), .lock = {}};
    if (std::optional<UniqueFd> lock = try_lock(engine, id)) {
      // Locked, it is looked at once more: it may have been started and have ended in between.
      TRY_SET(container, look_at(engine.places, id));
      TRY(check_whole(container));
      if (!container.state)
        return StillContainer{.container = std::move(container), .lock = *std::move(lock)};
    }
    sys::sleep_ms(1);
  }
  return fail(Code::kWrongState,
              "container " + id.substr(0, kShortId) + " is being started or removed; try again");
}

Result<ContainerRoot> open_container_root(const Engine& engine, const std::string& id,
                                          Access access, Below below) {
  constexpr int kAttempts = 1000;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY_SET(StillContainer still, hold_still(engine, id));
    const Record& record = still.container.record;
    if (!still.lock.valid()) {
      auto running = open_running(still.container, below);
      if (running || running.error().code() != Code::kWrongState) return running;
      sys::sleep_ms(1);  // it ends just now
      continue;
    }
    ContainerRoot root{.mount = {}, .ids = ids_of(record), .lock = std::move(still.lock)};
    TRY_SET(root.mount, mount_stopped(engine, record, access, below),
            "mount the root of " + record.name);
    return root;
  }
  return fail(Code::kWrongState, "container " + id.substr(0, kShortId) +
                                     " ends and starts again all the time; stop it first");
}

}  // namespace planet::engine
