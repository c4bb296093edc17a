// Capabilities: names and sets, and how a process takes the ones it may keep.
//
// Source: capabilities(7); OCI runtime-spec config.md#linux-process, capabilities.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "oci/spec.h"
#include "sys/capability.h"

namespace planet::security {

using sys::CapabilitySet;

inline constexpr int kLastCapability = 40;  // CAP_CHECKPOINT_RESTORE, Linux 5.9; none since

// What a container gets unless it asks for more or less: Podman's set.
const std::vector<std::string>& default_capabilities();
const std::vector<std::string>& all_capabilities();

// Those that this process has, and so can give to one with the same users. In a user namespace of its own a process has
// them all, whatever its maker had.
Result<std::vector<std::string>> own_capabilities();

inline constexpr CapabilitySet kSysAdmin = CapabilitySet{1} << 21;

// The number of "CAP_CHOWN", "cap_chown" or "CHOWN"; none if there is no such capability.
std::optional<int> capability_number(std::string_view name);
std::string capability_name(int number);

// Errors: kInvalidArgument - an unknown name.
Result<CapabilitySet> capability_set(const std::vector<std::string>& names);

// --cap-add and --cap-drop on top of `base`, as docker does: ALL, which is `all`, first, then the single ones; drop wins
// over a base, an explicit add wins over "drop ALL". Full names, in the kernel's order.
// Errors: kInvalidArgument - an unknown name, naming the flag.
Result<std::vector<std::string>> change_capabilities(const std::vector<std::string>& base,
                                                     const std::vector<std::string>& all,
                                                     const std::vector<std::string>& add,
                                                     const std::vector<std::string>& drop);

// Takes out of the sets what is no capability of capabilities(7), in its spelling, or not in `grantable`. What it was, each
// once.
std::vector<std::string> drop_ungrantable(oci::Capabilities& sets, CapabilitySet grantable);

// The five sets as bits. Inheritable is empty unless the spec asks for it (CVE-2022-24769).
struct CapabilitySets {
  CapabilitySet bounding = 0, effective = 0, inheritable = 0, permitted = 0, ambient = 0;
};
// Without a value: every set empty. Errors: kInvalidArgument - an unknown name.
Result<CapabilitySets> plan_capabilities(const std::optional<oci::Capabilities>& spec);

// First: drops from the bounding set, while CAP_SETPCAP is still there and before the ids change.
Result<> apply_bounding(const CapabilitySets& sets);

// Then, after the change of ids with PR_SET_KEEPCAPS: the other sets. A user that is not root keeps only what is
// ambient, as after an execve(2) of any program (CVE-2016-8867).
// `until_exec` stays usable until then: execve(2) takes it away, since the sets after it come from the bounding,
// inheritable and ambient ones alone.
Result<> apply_capabilities(const CapabilitySets& sets, uid_t uid, CapabilitySet until_exec = 0);

}  // namespace planet::security
