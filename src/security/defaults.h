// Parts of /proc and /sys that a container is kept from.
//
// Source: what docker, podman and containerd hide by default, taken together: host control (kcore, sysrq-trigger),
// what other tenants do (timer_list, interrupts, powercap: side channels), keys.
#pragma once

#include <string>
#include <vector>

namespace planet::security {

const std::vector<std::string>& masked_paths();
const std::vector<std::string>& read_only_paths();

}  // namespace planet::security
