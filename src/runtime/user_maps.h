// Maps of user and group ids that an ordinary user may have: its own ids alone, which the kernel lets it write, and more
// through newuidmap(1) and newgidmap(1), which give what /etc/subuid and /etc/subgid say is the user's.
//
// Source: user_namespaces(7), "Defining user and group ID mappings"; newuidmap(1), subuid(5).
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::runtime {

// Writes the maps of the user namespace of `init`, which must be dumpable: else its files in /proc are root's.
// Errors: kUnsupported - newuidmap or newgidmap is needed and not there; kPermission - it refuses: the sentence names the
// ids that the user was not given.
Result<> write_user_maps(pid_t init, const std::vector<oci::IdMapping>& uids,
                         const std::vector<oci::IdMapping>& gids);

// The first entry of `map` whose host ids are neither `own` nor inside one range that `text`, a subuid file, gives to
// `name` or `uid`. Pure.
std::optional<oci::IdMapping> first_not_given(std::string_view text, std::string_view name,
                                              uid_t uid, std::uint32_t own,
                                              const std::vector<oci::IdMapping>& map);

}  // namespace planet::runtime
