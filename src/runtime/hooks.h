// Hooks: programs that the Spec wants executed at points of a container's life.
//
// Source: OCI runtime-spec config.md#posix-platform-hooks.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/unique_fd.h"
#include "oci/spec.h"

namespace planet::runtime {

// Executes the hooks of the field `name` ("createRuntime") one after the other, each in the directory `cwd`, with
// `state` as its standard input and nothing of our environment. What a failing one wrote is in the error.
// A hook that runs longer than its timeout is killed with all processes of its group.
// Errors: kSystem - a hook that could not be executed, failed, or took too long; those after it are not executed.
Result<> run_hooks(const std::vector<oci::Hook>& hooks, std::string_view name, BorrowedFd cwd,
                   std::string_view state);

}  // namespace planet::runtime
