// The environment of a container's processes: what was given, and what every container has.
//
// Source: docker-run(1), -e; the order is docker's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace planet::engine {

// Where a command is looked for if neither the image nor the user says so: as docker has it.
inline constexpr const char* kDefaultSearchPath =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

// What a container is made with, and shows: the user's variables, then those of the image that the user did not set.
// Errors: kInvalidArgument - the image has an entry that is not NAME=value.
Result<std::vector<std::string>> given_environment(const std::vector<std::string>& users,
                                                   const std::vector<std::string>& images);

// `env` with each of `entries` in it, in place of one of the same name: getenv(3) finds the first.
void set_variables(std::vector<std::string>& env, const std::vector<std::string>& entries);

// A process's: PATH, HOSTNAME and TERM as every container has them, unless they are given.
std::vector<std::string> process_environment(const std::vector<std::string>& given,
                                             std::string_view hostname, bool terminal);

}  // namespace planet::engine
