// Judges a specification before anything exists: all that config.md and config-linux.md ask of its author and that can
// be told from the file alone. What this host or this version of the runtime cannot do is the runtime's business.
//
// Source: OCI runtime-spec 1.3, config.md, config-linux.md; capabilities(7), user_namespaces(7), sched_setattr(2),
// set_mempolicy(2); kernel Documentation/admin-guide/cgroup-v1, cgroup-v2.rst.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::oci {

// Every error is kInvalidArgument, one sentence that names the field: "linux.devices[0].type is "q", expected ...".

// The whole. `process` may be missing, as it may at create.
Result<> validate(const Spec& spec);

// Its section linux, seen with the rest: sysctls and hostname, for one, can contradict each other.
Result<> validate_linux(const Spec& spec);

// What one more process in a container is, for exec.
Result<> validate_process(const Process& process);

// What update is given. `where` stands before the names of fields.
Result<> validate_resources(const Resources& resources, std::string_view where = "linux.resources");

// One side of a user namespace's or a mount's id map.
Result<> validate_id_map(const std::vector<IdMapping>& map, const std::string& where);

Result<> validate_seccomp(const Seccomp& seccomp, const std::string& where = "linux.seccomp");

}  // namespace planet::oci
