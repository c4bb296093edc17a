#include "engine/container_dirs.h"

#include <algorithm>
#include <ctime>
#include <functional>
#include <set>

#include "engine/containers.h"
#include "engine/disconnect.h"
#include "engine/reserve.h"
#include "engine/volumes.h"
#include "sys/file.h"

namespace planet::engine {
namespace {

constexpr std::size_t kIdDigits = 64;

bool is_container_id(std::string_view text) {
  return text.size() == kIdDigits &&
         text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

Result<std::vector<std::string>> container_dir_names(const Places& places) {
  TRY_SET(const UniqueFd dir,
          sys::open_at(places.root_dir.borrow(), "containers", O_RDONLY | O_DIRECTORY));
  return sys::list_dir(dir.borrow());
}

// A directory without a record, whose maker has died. A very young one may be about to be locked.
bool is_half_made(const Places& places, const std::string& id) {
  constexpr std::time_t kYoung = 1;
  const auto st = sys::lstat_at(places.root_dir.borrow(), ("containers/" + id).c_str());
  return st && std::time(nullptr) - st->st_mtim.tv_sec > kYoung && !keeper_lives(places, id);
}

// Names and ranges are taken after the directory is made, and given back after it is gone: a link to none is stale. Those of
// containers that have just been looked at need no look of their own: a thousand links take as long as a thousand records.
void sweep_links(const Places& places, const char* dir_name, const std::set<std::string>& known) {
  const auto dir = sys::open_at(places.root_dir.borrow(), dir_name, O_RDONLY | O_DIRECTORY);
  if (!dir) return;
  const auto names = sys::list_dir(dir->borrow());
  if (!names) return;
  const auto is_stale = [&](const std::string& name) {
    const auto id = sys::read_link_at(dir->borrow(), name.c_str());
    return id && !sys::exists_at(places.root_dir.borrow(), ("containers/" + *id).c_str());
  };
  bool locked = false;
  for (const std::string& name : *names) {
    if (known.contains(name) || !is_stale(name)) continue;
    // Locked, it is looked at once more: another sweep may have taken it away, and it is somebody's again.
    if (!locked && !sys::lock_exclusive(dir->borrow())) return;
    locked = true;
    if (is_stale(name)) (void)sys::unlink_at(dir->borrow(), name.c_str());
  }
}

// What is left of one whose removal was killed. Whoever is still at it holds its lock.
void sweep_removed(const Places& places, const std::string& name) {
  const std::string path = "containers/" + name;
  const auto dir = sys::open_at(places.root_dir.borrow(), path.c_str(), O_RDONLY | O_DIRECTORY);
  if (dir && sys::try_lock_exclusive(dir->borrow()))
    (void)sys::remove_tree_at(places.root_dir.borrow(), path.c_str());
}

// State of containers that are gone: half written, or written as its writer's container was taken away.
void sweep_states(const Places& places, const char* dir_name) {
  const auto dir = sys::open_at(places.run_dir.borrow(), dir_name, O_RDONLY | O_DIRECTORY);
  if (!dir) return;
  const auto names = sys::list_dir(dir->borrow());
  if (!names) return;
  for (const std::string& name : *names)
    if (!sys::exists_at(places.root_dir.borrow(),
                        ("containers/" + name.substr(0, kIdDigits)).c_str()))
      (void)sys::unlink_at(dir->borrow(), name.c_str());
}

// One of --rm whose keeper died goes now. One that has never been started waits for that.
bool sweep_left_over(const Places& places, const Container& container) {
  if (container.status != Status::kExited || !container.record.auto_remove ||
      keeper_lives(places, container.record.id))
    return false;
  if (remove_container(places, container, true)) remove_anonymous_volumes(places, container.record);
  return true;
}

// Each is moved once: there is much in it.
std::vector<Container> youngest_first(std::vector<Container> containers) {
  std::vector<Container*> order;
  order.reserve(containers.size());
  for (Container& container : containers) order.push_back(&container);
  std::ranges::sort(order, std::greater<>(), [](const Container* container) {
    return std::string_view(container->record.created);
  });
  std::vector<Container> sorted;
  sorted.reserve(order.size());
  for (Container* container : order) sorted.push_back(std::move(*container));
  return sorted;
}

// What crashes have left, but of those that have just been looked at.
void sweep_all(const Places& places, const std::vector<Container>& containers) {
  std::set<std::string> taken_names;
  std::set<std::string> taken_ranges;
  std::set<std::string> living;
  for (const Container& container : containers) {
    taken_names.insert(container.record.name);
    if (container.record.range) taken_ranges.insert(std::to_string(*container.record.range));
    if (is_up(container.status)) living.insert(container.record.id);
  }
  sweep_links(places, "names", taken_names);
  sweep_links(places, "ranges", taken_ranges);
  sweep_shared_ranges(places);
  sweep_states(places, "containers");
  sweep_states(places, "keepers");
  sweep_connections(places, living);
}

}  // namespace

bool keeper_lives(const Places& places, const std::string& id) {
  const auto dir =
      sys::open_at(places.root_dir.borrow(), ("containers/" + id).c_str(), O_RDONLY | O_DIRECTORY);
  return dir && !sys::try_lock_exclusive(dir->borrow());
}

Result<std::vector<std::string>> container_ids(const Places& places) {
  TRY_SET(std::vector<std::string> names, container_dir_names(places));
  std::erase_if(names, [](const std::string& name) { return !is_container_id(name); });
  return names;
}

Result<std::vector<Container>> list_containers(const Places& places) {
  TRY_SET(const std::vector<std::string> names, container_dir_names(places));
  std::vector<Container> containers;
  containers.reserve(names.size());
  for (const std::string& id : names) {
    if (id.ends_with(kRemoved)) sweep_removed(places, id);
    if (!is_container_id(id)) continue;
    auto container = look_at(places, id);
    if (!container && is_half_made(places, id)) (void)erase_container(places, id, nullptr);
    if (!container) continue;  // being made or removed at this moment
    if (!sweep_left_over(places, *container)) containers.push_back(*std::move(container));
  }
  sweep_all(places, containers);
  return youngest_first(std::move(containers));
}

}  // namespace planet::engine
