// Whose rights a launch has. What only root of the host may do has another way where there is one, and is refused by
// name where there is none.
//
// Source: user_namespaces(7), "Capabilities"; kernel fs/namespace.c, fs/namei.c (mknod).
#pragma once

#include <cstdint>

#include "base/error.h"
#include "oci/spec.h"

namespace planet::runtime {

enum class Rights : std::uint8_t {
  kHost,       // root of the host's user namespace
  kNamespace,  // root of another, as an engine of an ordinary user calls us: mounts, but no device nodes
  kUser,       // an ordinary user: all rights are init's, in the user namespace that it makes
};

// The calling process's.
Result<Rights> own_rights();

// Whether a container of this spec can be at all with these rights. Pure.
// Errors: kPermission - an ordinary user's, without a user namespace; kUnsupported - with a time namespace.
Result<> check_rights(const oci::Spec& spec, Rights rights);

}  // namespace planet::runtime
