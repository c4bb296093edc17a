// Maps of user and group ids between a container and the host.
//
// Source: user_namespaces(7), "User and group ID mappings"; OCI runtime-spec config-linux.md#user-namespace-mappings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::security {

// What the kernel takes in one map: 340 lines since Linux 4.15.
inline constexpr std::size_t kMostMappings = 340;

// `field` names the map in messages ("linux.uidMappings").
// Errors: kInvalidArgument - empty, too many entries, an entry of size 0, past 2^32 - 1, or overlapping another on
// either side.
Result<> check_id_map(const std::vector<oci::IdMapping>& map, std::string_view field);

// The map as /proc/PID/uid_map takes it.
std::string id_map_text(const std::vector<oci::IdMapping>& map);

// The map that /proc/PID/uid_map shows.
// Errors: kCorrupt - a line that is not three numbers.
Result<std::vector<oci::IdMapping>> parse_id_map(std::string_view text);

// The host's id of the container's `id`; none if it is not mapped.
std::optional<std::uint32_t> to_host(const std::vector<oci::IdMapping>& map, std::uint32_t id);

}  // namespace planet::security
