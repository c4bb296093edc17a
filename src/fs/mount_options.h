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
  bool copy_up = false;  // "tmpcopyup"
  std::vector<DataOption> data;
  bool operator==(const MountOptions&) const = default;
};

// Errors: kInvalidArgument - "remount", "move" and the like, which are no way to describe a mount.
// A word that is unknown here is taken as the file system's: the kernel judges it at the mount.
Result<MountOptions> parse_mount_options(const std::vector<std::string>& options);

// Every word that parse_mount_options takes for all file systems alike, sorted.
std::vector<std::string> known_mount_options();

}  // namespace planet::fs
