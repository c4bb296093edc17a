// Namespaces that a container has not of its own: the host's, or another container's, which must run at each start.
//
// With private users it has those of the other container, too: its namespaces belong to them. The range of ids is then
// used by both, and by nobody else until both are gone (engine/reserve.h).
//
// Source: docker-run(1), --pid, --ipc, --uts, --network; namespaces(7), user_namespaces(7).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "engine/containers.h"
#include "engine/request.h"
#include "oci/spec.h"

namespace planet::engine {

// --pid, --uts: host or container:NAME; --ipc: private, shareable, none, too; --network: container:NAME alone. Pure.
// Errors: kInvalidArgument.
Result<std::string> parse_sharing(std::string_view flag, std::string_view text);

// Whether it is the host's, or another container's. Pure.
bool shares_with_host(std::string_view sharing);
bool shares_with_container(std::string_view sharing);

// Names of containers become their ids. The range of ids that the container has with those it shares with; none: it has
// one of its own, or the host's users.
// Errors: kNotFound - no such container; kInvalidArgument - users that do not go together.
struct SharedRange {
  int range = 0;
  std::string owner;  // a container that has it
};
Result<std::optional<SharedRange>> settle_sharing(const Places& places, Sharing& sharing,
                                                  bool private_users);

// Before each start: the Spec names descriptors of the namespaces, which must stay open until they are joined.
// Errors: kNotFound, kWrongState - the other container is gone, or does not run.
Result<std::vector<UniqueFd>> pin_shared(const Places& places, const Record& record,
                                         oci::Spec& spec);

// What POSIX calls shared memory are files in /dev/shm (shm_overview(7)): a copy of the other container's mount, attached
// nowhere, for the mount of the Spec that has "container:..." as its source, if there is one.
// Errors: as pin_shared; kInvalidArgument - the other container has put something else there.
inline constexpr std::string_view kSharedMemory = "/dev/shm";
Result<std::optional<UniqueFd>> clone_shared_memory(const Places& places, const Record& record,
                                                    const oci::Spec& spec);

}  // namespace planet::engine
