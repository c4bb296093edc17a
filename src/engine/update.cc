#include "engine/update.h"

#include "cgroup/group.h"
#include "engine/control.h"
#include "engine/events.h"

namespace planet::engine {
namespace {

template <class T>
void take(std::optional<T>& to, const std::optional<T>& from) {
  if (from) to = from;
}

void take(std::string& to, const std::string& from) {
  if (!from.empty()) to = from;
}

template <class T>
void take(std::vector<T>& to, const std::vector<T>& from) {
  if (!from.empty()) to = from;
}

void merge_memory(oci::Memory& to, const oci::Memory& from) {
  take(to.limit, from.limit);
  take(to.reservation, from.reservation);
  take(to.swappiness, from.swappiness);
  take(to.swap, from.swap);
}

// As at the first start: as much swap again as memory, unless it is said otherwise.
oci::Resources with_swap(oci::Resources changes) {
  if (changes.memory && changes.memory->limit && !changes.memory->swap)
    changes.memory->swap = *changes.memory->limit * 2;
  return changes;
}

Result<> set_limits(const std::string& cgroup, const oci::Resources& changes) {
  TRY_SET(const cgroup::Host host, cgroup::Host::open());
  TRY_SET(const cgroup::Group group, cgroup::Group::open(host, cgroup));
  return group.update(changes);
}

}  // namespace

void merge_resources(oci::Resources& resources, const oci::Resources& changes) {
  if (changes.memory) {
    if (!resources.memory) resources.memory.emplace();
    merge_memory(*resources.memory, *changes.memory);
  }
  if (changes.cpu) {
    if (!resources.cpu) resources.cpu.emplace();
    take(resources.cpu->shares, changes.cpu->shares);
    take(resources.cpu->quota, changes.cpu->quota);
    take(resources.cpu->period, changes.cpu->period);
    take(resources.cpu->cpus, changes.cpu->cpus);
    take(resources.cpu->mems, changes.cpu->mems);
  }
  take(resources.pids_limit, changes.pids_limit);
  if (!changes.block_io) return;
  if (!resources.block_io) resources.block_io.emplace();
  take(resources.block_io->weight, changes.block_io->weight);
}

Result<> update(const Places& places, const Container& container, const oci::Resources& changes,
                const std::optional<RestartPolicy>& restart) {
  TRY(check_whole(container));
  TRY_SET(const UniqueFd lock, lock_records(places));
  TRY_SET(Record record, read_record(places, container.record.id));
  if (restart && record.auto_remove && restart->when != Restart::kNo)
    return fail(Code::kWrongState,
                "container " + record.name +
                    " is removed at its end (--rm): it cannot have a restart policy");
  const oci::Resources asked = with_swap(changes);
  const bool limits = !(asked == oci::Resources{});
  if (limits && is_up(container.status)) TRY(set_limits(record.cgroup, asked));
  if (limits && !record.auto_remove) {
    TRY_SET(oci::Spec spec, read_spec(places, record.id));
    if (!spec.linux_.resources) spec.linux_.resources.emplace();
    merge_resources(*spec.linux_.resources, asked);
    TRY(write_spec(places, record.id, spec));
  }
  if (restart) {
    record.restart = *restart;
    TRY(write_record(places, record));
  }
  note_event(places, container_event(record, "update"));
  if (!restart) return {};
  Result<> told = ask_keeper(places, record.id, "reload");
  if (!told && told.error().code() != Code::kNotFound) return told;
  return {};
}

}  // namespace planet::engine
