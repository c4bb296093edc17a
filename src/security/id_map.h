// Maps of user and group ids between a container and the host. oci/validate.h judges them.
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

// The map as /proc/PID/uid_map takes it.
std::string id_map_text(const std::vector<oci::IdMapping>& map);

// The map that /proc/PID/uid_map shows.
// Errors: kCorrupt - a line that is not three numbers.
Result<std::vector<oci::IdMapping>> parse_id_map(std::string_view text);

// The host's id of the container's `id`; none if it is not mapped.
std::optional<std::uint32_t> to_host(const std::vector<oci::IdMapping>& map, std::uint32_t id);

}  // namespace planet::security
