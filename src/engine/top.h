// Top: the processes of a container, as the host's ps shows them.
//
// Source: docker-top(1); ps(1).
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "engine/containers.h"

namespace planet::engine {

// `options` are ps's; "-ef" without any. The host's ps is executed, never one of the container.
// Errors: kWrongState - it does not run; kNotFound - the host has no ps; kInvalidArgument - ps does not take the options,
// or they leave out the column PID.
Result<std::vector<std::vector<std::string>>> top(const Container& container,
                                                  std::vector<std::string> options);

// Of ps's output the titles and the lines whose column PID is one of `pids`, in cells: as many as there are titles, and
// what is left belongs to the last one. Pure.
Result<std::vector<std::vector<std::string>>> select_processes(std::string_view output,
                                                               const std::vector<pid_t>& pids);

}  // namespace planet::engine
