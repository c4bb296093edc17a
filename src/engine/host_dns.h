// What this host's resolv.conf says, for containers.
#pragma once

#include <string>

#include "base/error.h"
#include "network/resolv_conf.h"

namespace planet::engine {

// Of a host whose only server is systemd-resolved's own, which no other network namespace reaches, it is what that one asks:
// as docker does. A file that is not there, or cannot be read, says nothing.
network::ResolvConf read_host_dns();

// The file itself, for a container that has the host's network.
std::string read_host_dns_text();

}  // namespace planet::engine
