// Volumes: directories that outlive containers and may be shared by them.
//
//   root/volumes/<name>/volume.json   labels, options, when it was made
//   root/volumes/<name>/_data         the files; a volume of the options type=none, o=bind, device=DIR has them in DIR
//   root/volumes/<name>/filling       there while _data is being filled from an image
//   root/volumes/.<random>            being made or removed
//
// Files of a volume have the ids that they have inside: each container sees them through its own id map, so that
// containers with different private ranges share a volume, and a new one finds what an old one has left. The names are
// single components of checked form; what is below them is found by descriptors.
//
// Who changes the set of volumes holds the lock of root/volumes; a container that uses a volume says so in its record
// before it lets go of that lock. Who fills a volume holds the lock of its own directory.
//
// Source: docker-volume(1).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/places.h"
#include "engine/record.h"
#include "engine/volume_name.h"

namespace planet::engine {

struct VolumeInfo {
  std::string name, created;  // created: RFC 3339, UTC
  std::map<std::string, std::string> labels, options;
  bool is_new = false;  // make_volume has just made it
};

// The lock of the set of volumes, for as long as the descriptor is open. It is also their directory.
Result<UniqueFd> lock_volumes(const Places& places);

// A volume of that name: a new one, or the one that is there. An empty name gets a random one. The lock is held.
// Errors: kInvalidArgument - the name, or options that are not understood; kAlreadyExists - it has other options.
Result<VolumeInfo> make_volume(BorrowedFd volumes, const VolumeInfo& wanted);

// Errors: kNotFound; kInvalidArgument - the name; kCorrupt - volume.json.
Result<VolumeInfo> read_volume(const Places& places, const std::string& name);

// By name.
Result<std::vector<VolumeInfo>> list_volumes(const Places& places);

// Where its files are, as a path of the host.
std::string volume_path(const Places& places, const VolumeInfo& volume);

// The ids of the containers that use each volume, running or not.
using VolumeUsers = std::map<std::string, std::vector<std::string>, std::less<>>;
// Errors: kCorrupt - a container's record cannot be read, as after a loss of power: it may use any.
Result<VolumeUsers> volume_users(const Places& places);

// Errors: kNotFound - and not `force`; kWrongState - a container uses it.
Result<> remove_volume(const Places& places, const std::string& name, bool force);

// Removes what no container uses; without `all` only volumes that nobody has named. `wanted` is asked of each.
struct PrunedVolumes {
  std::vector<std::string> names;
  std::uint64_t bytes = 0;
};
Result<PrunedVolumes> prune_volumes(const Places& places, bool all,
                                    const std::function<bool(const VolumeInfo&)>& wanted);

// After the container of `record` is gone: the volumes that were made for it alone, unless another uses them.
void remove_anonymous_volumes(const Places& places, const Record& record);

// A volume without a name has this label, as with docker.
inline constexpr const char* kAnonymousLabel = "com.docker.volume.anonymous";

}  // namespace planet::engine
