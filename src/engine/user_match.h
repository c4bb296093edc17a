// match-user: a directory of the host, mounted so that whoever owns it is the container's user, and the other way round. A
// container whose image says "USER 1000" then writes into a checkout of user 501 as that user.
//
// Source: mount_setattr(2), MOUNT_ATTR_IDMAP; user_namespaces(7).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/record.h"
#include "image/image_file.h"
#include "oci/spec.h"

namespace planet::engine {

// The map of a mount on which `owner` and `user` have changed places. `container_id` is what stands on the disk, `host_id` what
// the host sees of a container whose ids begin at `base` and are `count` many; all others are as they are. An owner beyond
// the container's ids comes in all the same. `user` is less than `count`.
std::vector<oci::IdMapping> match_map(std::uint32_t owner, std::uint32_t user, std::uint32_t base,
                                      std::uint32_t count);

// Finds out, for each mount of the record that has a match, who owns it and who the container's user is: `user` as -u has it,
// looked up in the image, or in the record's rootfs.
// Errors: kNotFound - no such user, or no such directory; kInvalidArgument - a user that the container's range does not have.
Result<> match_users(const image::Image& image, const std::string& user, Record& record);

// The maps of one mount of the record that has a match.
struct MatchMaps {
  std::vector<oci::IdMapping> uids, gids;
};
MatchMaps match_maps(const Record& record, const UserMatch& match);

}  // namespace planet::engine
