// Logging in to a registry and out again: the login is tried first, then kept where docker keeps it.
#pragma once

#include <optional>
#include <string>

#include "base/error.h"
#include "registry/docker_config.h"
#include "registry/settings.h"

namespace planet::registry {

// The host that people mean: "https://ghcr.io/v2/" is "ghcr.io", and nothing is "docker.io".
// Errors: kInvalidArgument - it is none.
Result<std::string> login_host(const std::string& typed);

// What is kept for the host. Errors: those of the file and the helper.
Result<std::optional<Credentials>> kept_login(const Settings& settings, const std::string& host);

// Asks the registry whether it takes the login. Errors: kPermission - it does not; those of Session::send.
Result<> try_login(const Settings& settings, const std::string& host, const Credentials& login);

// Keeps a login with the user's helper, or in docker's config.json. True: there, where who reads the file can read it.
Result<bool> keep_login(const Settings& settings, const std::string& host,
                        const Credentials& login);

// Whether there was one.
Result<bool> forget_login(const Settings& settings, const std::string& host);

}  // namespace planet::registry
