// Mount options as people and config.json write them, sorted by what the kernel's interfaces take.
//
// Source: OCI runtime-spec config.md#linux-mount-options; mount(8); mount_setattr(2).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"

namespace planet::fs {

// An option for the file system itself: "mode=755", or a bare word.
struct DataOption {
  std::string key;
  std::optional<std::string> value;
  bool operator==(const DataOption&) const = default;
};

// "idmap" and "ridmap": owners are shown through an id map, of this mount or of those below it, too.
enum class IdMap : std::uint8_t { kNone, kThis, kRecursive };

struct MountOptions {
  // MOUNT_ATTR_* of this mount ...
  std::uint64_t set = 0;
  std::uint64_t clear = 0;
  // ... and of it with all mounts below it ("rro", "rnosuid", ...).
  std::uint64_t recursive_set = 0;
  std::uint64_t recursive_clear = 0;
  std::uint64_t propagation = 0;  // MS_PRIVATE, MS_SHARED, MS_SLAVE, MS_UNBINDABLE, or 0
  bool propagation_recursive = false;
  bool bind = false;
  bool bind_recursive = false;
  bool copy_up = false;  // "tmpcopyup": a tmpfs begins with what it lies over
  bool remount = false;  // changes the mount that is there
  IdMap id_map = IdMap::kNone;
  std::vector<DataOption> data;
  bool operator==(const MountOptions&) const = default;
};

// "silent", "loud", "iversion" and "noiversion" are taken and have no effect: the first two speak of the kernel's log alone,
// and fsconfig(2) knows none of the four.
// Errors: kInvalidArgument - "move" and the like, which are no way to describe a mount.
// A word that is unknown here is taken as the file system's: the kernel judges it at the mount.
Result<MountOptions> parse_mount_options(const std::vector<std::string>& options);

// "sync" and the like: of a file system, and so without effect on a bind of one that is mounted already.
bool is_file_system_flag(const DataOption& option);

// Every word that parse_mount_options takes for all file systems alike, sorted.
std::vector<std::string> known_mount_options();

}  // namespace planet::fs
