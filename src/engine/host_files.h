// /etc/hosts, /etc/hostname and /etc/resolv.conf of a container: written anew before each start, kept in the container's
// directory, and bound over what its image has there.
//
//   root/containers/<id>/{hosts,hostname,resolv.conf}
//   root/mount-places/etc/...      the lowest layer of every root: an empty file for each, so that a place to mount on is there,
//                                  and none of them is a change of the container's
//
// Source: hosts(5), hostname(5), resolv.conf(5); docker-run(1), --add-host, --dns, --hostname.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/connections.h"
#include "engine/record.h"
#include "network/address.h"
#include "network/resolv_conf.h"
#include "oci/spec.h"

namespace planet::engine {

// What --add-host says.
struct HostEntry {
  std::string name;
  std::optional<network::Address>
      address;  // none: "host-gateway", this host as the container sees it
};

// "NAME:ADDRESS" or "NAME=ADDRESS"; the address may be in brackets.
// Errors: kInvalidArgument.
Result<HostEntry> parse_host_entry(std::string_view text);
Result<> check_host_entry(std::string_view text);

// The files' text, of a container with a network of its own. Pure.
// Errors: kInvalidArgument - an entry as above, or one with "host-gateway" where there is no gateway.
Result<std::string> hosts_text(const Record& record, const Connections& connections);

// Binds them, but for those in whose place the user has mounted something. Read-only if the root is.
void plan_host_files(const Places& places, const Record& record, oci::Spec& spec);

// Before a start. They belong to the container's root, who may write to them. Of one with the host's network they are copies
// of the host's, unless something else was said of them; of one that shares another's network they are that one's files.
// Errors: those of hosts_text() and of network/resolv_conf.h; kNotFound - the other container has none; those of the calls.
Result<> write_host_files(const Places& places, const Record& record,
                          const Connections& connections);

// While it runs: its file is written in place, since what the container has of it is a mount.
// The addresses that it has come to have behind what is there, and without those that it has no more. What is longer than any
// such file stays as it is.
Result<> add_to_hosts(const Places& places, const Record& record, const Connection& connection);
void drop_from_hosts(const Places& places, const Record& record, const Connection& connection);
// Anew, whatever the container has made of it.
Result<> write_resolv_conf(const Places& places, const Record& record,
                           const Connections& connections);

// Without these lines, wherever they stand. Pure.
std::string without_lines(std::string_view text, std::string_view lines);

// Adds the lowest layer of a root. With as many layers as the kernel takes there is no room for it, and the places are made in
// the container's own directory, if it has none.
void add_mount_places(const Places& places, std::vector<std::string>& layers);
// Makes it if it is missing.
Result<> make_mount_places(BorrowedFd root);

}  // namespace planet::engine
