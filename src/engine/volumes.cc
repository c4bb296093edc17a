#include "engine/volumes.h"

#include <sys/stat.h>

#include <algorithm>

#include "base/strings.h"
#include "engine/containers.h"
#include "engine/events.h"
#include "engine/every_record.h"
#include "fs/walk.h"
#include "oci/json.h"
#include "sys/file.h"
#include "sys/process.h"
#include "sys/random.h"

namespace planet::engine {
namespace {

constexpr std::size_t kMostInfo = 1U << 20;
constexpr std::size_t kRandomName = 64;

// Docker's local driver takes these three; of its file systems this one needs no mount that somebody must hold.
Result<> check_options(const VolumeInfo& volume) {
  const auto value = [&](const char* key) {
    const auto found = volume.options.find(key);
    return found == volume.options.end() ? std::string() : found->second;
  };
  if (volume.options.empty()) return {};
  for (const auto& [key, text] : volume.options)
    if (key != "type" && key != "o" && key != "device")
      return fail(
          Code::kInvalidArgument,
          "--opt " + quote(key) + ": expected type, o and device, as docker's local driver");
  if ((value("type") != "none" && !value("type").empty()) || value("o") != "bind")
    return fail(Code::kUnsupported,
                "--opt type=" + value("type") + " o=" + value("o") +
                    ": volumes are directories here, or type=none with o=bind; mount the file "
                    "system on the host, or use --mount type=tmpfs");
  if (!value("device").starts_with('/'))
    return fail(Code::kInvalidArgument,
                "--opt device=" + quote(value("device")) + ": expected an absolute path");
  return {};
}

std::string info_text(const VolumeInfo& volume) {
  oci::json::object labels;
  for (const auto& [key, text] : volume.labels) labels[key] = text;
  oci::json::object options;
  for (const auto& [key, text] : volume.options) options[key] = text;
  oci::json::object object;
  object["created"] = volume.created;
  object["labels"] = std::move(labels);
  object["options"] = std::move(options);
  return oci::to_text(object);
}

Result<VolumeInfo> read_info(BorrowedFd volumes, const std::string& name) {
  const auto text = sys::read_file_at(volumes, (name + "/volume.json").c_str(), kMostInfo);
  if (!text && text.error().code() == Code::kNotFound)
    return fail(Code::kNotFound, "no such volume: " + printable(name));
  if (!text) return std::unexpected(text.error());
  VolumeInfo volume;
  volume.name = name;
  const Result<> read = [&]() -> Result<> {
    TRY_SET(const oci::json::value value,
            oci::parse_json(*text, kMostInfo, oci::Strings::kAnyBytes));
    TRY_SET(const oci::Fields fields, oci::Fields::of(value, ""));
    TRY(fields.read("created", volume.created));
    TRY(fields.read_map("labels", volume.labels));
    return fields.read_map("options", volume.options);
  }();
  if (!read) return fail(Code::kCorrupt, "volume " + name + ": " + read.error().to_string());
  return volume;
}

// Made under a name that no volume can have, and then given its own.
Result<> make_directory(BorrowedFd volumes, const VolumeInfo& volume) {
  const std::string hidden = "." + sys::random_hex(kRandomName / 4);
  TRY(sys::make_dir_at(volumes, hidden.c_str(), 0700));
  const Result<> made = [&]() -> Result<> {
    TRY_SET(const UniqueFd dir, sys::open_at(volumes, hidden.c_str(), O_RDONLY | O_DIRECTORY));
    TRY(sys::make_dir_at(dir.borrow(), "_data", 0755));
    TRY_SET(const UniqueFd data,
            sys::open_at(dir.borrow(), "_data", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
    TRY(sys::change_mode(data.borrow(), 0755));  // whatever the caller's umask
    TRY(sys::replace_file_at(dir.borrow(), "volume.json", info_text(volume), 0600));
    return sys::rename_at(volumes, hidden.c_str(), volumes, volume.name.c_str(), RENAME_NOREPLACE);
  }();
  if (!made) (void)sys::remove_tree_at(volumes, hidden.c_str());
  return made;
}

// What somebody who was killed has left. The lock is held, so nobody is at it.
void sweep(BorrowedFd volumes) {
  const auto names = sys::list_dir(volumes);
  if (!names) return;
  for (const std::string& name : *names)
    if (name.starts_with('.')) (void)sys::remove_tree_at(volumes, name.c_str());
}

std::uint64_t size_of(BorrowedFd volumes, const std::string& name) {
  auto top = sys::open_at(volumes, (name + "/_data").c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW);
  return top ? fs::bytes_of_files(*std::move(top)) : 0;
}

// The name goes first, at once; then what was behind it.
Result<> take_away(BorrowedFd volumes, const std::string& name) {
  const std::string hidden = "." + sys::random_hex(kRandomName / 4);
  TRY(sys::rename_at(volumes, name.c_str(), volumes, hidden.c_str()));
  return sys::remove_tree_at(volumes, hidden.c_str());
}

}  // namespace

Result<UniqueFd> lock_volumes(const Places& places) {
  const BorrowedFd root = places.root_dir.borrow();
  const Result<> made = sys::make_dir_at(root, "volumes", 0700);
  if (!made && made.error().code() != Code::kAlreadyExists) return std::unexpected(made.error());
  TRY_SET(UniqueFd volumes, sys::open_at(root, "volumes", O_RDONLY | O_DIRECTORY | O_NOFOLLOW));
  TRY(sys::lock_exclusive(volumes.borrow()));
  return volumes;
}

Result<VolumeInfo> make_volume(BorrowedFd volumes, const VolumeInfo& wanted) {
  VolumeInfo volume = wanted;
  if (volume.name.empty()) {
    volume.name = sys::random_hex(kRandomName);
    volume.labels.try_emplace(kAnonymousLabel, "");
  }
  TRY(check_volume_name(volume.name));
  TRY(check_options(volume));
  auto there = read_info(volumes, volume.name);
  if (there && !wanted.options.empty() && there->options != wanted.options)
    return fail(Code::kAlreadyExists,
                "volume " + volume.name + " exists already, with other options; remove it first");
  if (there || there.error().code() != Code::kNotFound) return there;
  sweep(volumes);
  volume.created = sys::now_text();
  TRY(make_directory(volumes, volume), "make volume " + volume.name);
  volume.is_new = true;
  return volume;
}

Result<VolumeInfo> read_volume(const Places& places, const std::string& name) {
  TRY(check_volume_name(name));
  TRY_SET(const UniqueFd volumes, lock_volumes(places));
  return read_info(volumes.borrow(), name);
}

Result<std::vector<VolumeInfo>> list_volumes(const Places& places) {
  TRY_SET(const UniqueFd volumes, lock_volumes(places));
  TRY_SET(std::vector<std::string> names, sys::list_dir(volumes.borrow()));
  std::ranges::sort(names);
  std::vector<VolumeInfo> found;
  for (const std::string& name : names) {
    if (!is_volume_name(name)) continue;
    TRY_SET(VolumeInfo volume, read_info(volumes.borrow(), name));
    found.push_back(std::move(volume));
  }
  return found;
}

std::string volume_path(const Places& places, const VolumeInfo& volume) {
  const auto device = volume.options.find("device");
  if (device != volume.options.end()) return device->second;
  return places.root + "/volumes/" + volume.name + "/_data";
}

Result<VolumeUsers> volume_users(const Places& places) {
  TRY_SET(const std::vector<Record> records, every_record(places));
  VolumeUsers users;
  for (const Record& record : records)
    for (const RecordedMount& mount : record.mounts)
      if (mount.type == "volume") users[mount.name].push_back(record.id);
  return users;
}

Result<> remove_volume(const Places& places, const std::string& name, bool force) {
  TRY_SET(const UniqueFd volumes, lock_volumes(places));
  if (!is_volume_name(name) || !sys::exists_at(volumes.borrow(), name.c_str())) {
    if (force) return {};
    return fail(Code::kNotFound, "no such volume: " + printable(name));
  }
  TRY_SET(const VolumeUsers users, volume_users(places));
  if (const auto used = users.find(name); used != users.end())
    return fail(Code::kWrongState,
                "remove " + name + ": volume is in use - [" + join(used->second, ", ") + "]");
  TRY(take_away(volumes.borrow(), name));
  note_event(places, volume_event("destroy", name));
  return {};
}

Result<PrunedVolumes> prune_volumes(const Places& places, bool all,
                                    const std::function<bool(const VolumeInfo&)>& wanted) {
  PrunedVolumes pruned;
  TRY_SET(const std::vector<VolumeInfo> found, list_volumes(places));
  TRY_SET(const UniqueFd volumes, lock_volumes(places));
  TRY_SET(const VolumeUsers users, volume_users(places));
  for (const VolumeInfo& volume : found) {
    if (users.contains(volume.name) || (!all && !volume.labels.contains(kAnonymousLabel))) continue;
    if (!wanted(volume) || !sys::exists_at(volumes.borrow(), volume.name.c_str())) continue;
    pruned.bytes += size_of(volumes.borrow(), volume.name);
    TRY(take_away(volumes.borrow(), volume.name), "remove " + volume.name);
    note_event(places, volume_event("destroy", volume.name));
    pruned.names.push_back(volume.name);
  }
  return pruned;
}

void remove_anonymous_volumes(const Places& places, const Record& record) {
  for (const RecordedMount& mount : record.mounts)
    if (mount.anonymous) (void)remove_volume(places, mount.name, true);
}

}  // namespace planet::engine
