// Kernel parameters by their names: which are one namespace's, so that setting one changes no other's.
//
// Source: OCI runtime-spec config-linux.md#sysctl; sysctl(8); kernel Documentation/admin-guide/sysctl/; ipc_namespaces(7),
// uts_namespaces(7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "oci/spec.h"

namespace planet::oci {

// The file below /proc/sys: sysctl(8) takes "net.ipv4.conf.eth0/1.mtu" and "net/ipv4/conf/eth0.1/mtu", both for
// "net/ipv4/conf/eth0.1/mtu": the first separator is the separator, the other one a part of a name.
std::string parameter_path(std::string_view name);

// False for what would reach another file: empty parts, parts that begin with a dot (CVE-2022-0811).
bool is_parameter_name(std::string_view name);

// None: it is the whole machine's.
std::optional<NamespaceType> namespace_of_parameter(std::string_view name);

}  // namespace planet::oci
