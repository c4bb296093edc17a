// The config.json that `planet-runtime spec` writes for a new bundle: a shell, the usual mounts, few rights.
//
// Source: the habits of `runc spec`, which people and tools build on.
#pragma once

#include <sys/types.h>

#include <string>

#include "oci/spec.h"

namespace planet::oci {

Spec default_spec();

// The same for an ordinary user: a user namespace with root alone, which is `uid` and `gid` outside; no network
// namespace, which nobody could connect; nothing that needs another id or rights over control groups.
Spec rootless_spec(uid_t uid, gid_t gid);

// As config.json.
std::string default_spec_text();

}  // namespace planet::oci
