// Control groups for who is not root of the host: where one may be made, and how limits come below a group that was
// delegated and has processes.
//
// Source: kernel Documentation/admin-guide/cgroup-v2.rst, "Delegation", "No Internal Process Constraint";
// systemd's CGROUP_DELEGATION.md.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "cgroup/host.h"

namespace planet::cgroup {

// v2: the group below which the caller's containers belong, from the text of /proc/self/cgroup: its own or, where
// `make_room` has moved it, the one above; "" for the root. Pure.
std::string own_base(std::string_view proc_self_cgroup);

// Whether the caller may make the group `path`, or use it if it is there: in every hierarchy that the host has.
// Errors: kInvalidArgument - no path of a group.
Result<bool> may_make(const Host& host, std::string_view path);

// v2: a group with processes of its own has no groups with limits below it. Moves those of `base` to a leaf below it, as
// systemd wants it of whoever a group was delegated to; they stay in `base`, as far as limits go.
// Errors: kPermission - it has processes of somebody else.
Result<> make_room(const Host& host, std::string_view base);

}  // namespace planet::cgroup
