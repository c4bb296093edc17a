// Where the engine keeps things: `root` for what outlives a reboot, `runroot` for what does not.
//
//   root/containers/<id>/{record.json, exit.json, log, upper/, work/, hosts, hostname, resolv.conf}
//   root/mount-places/               the lowest layer of every root (engine/host_files.h)
//   root/names/<name> -> <id>        a name is taken by making its link: one of many wins
//   root/ranges/<n> -> <id>          likewise a private range of user ids
//   runroot/containers/<id>          state of one that runs
//   runroot/keepers/<id>             its keeper's socket; <id>.health: what its health check says
//   runroot/connections/<id>         what one that runs has of its networks (engine/connections.h)
//   runroot/networks/<id>            what is known of a network that is in use
//   runroot/events                   what happened (engine/events.h)
//
// Both are 0700: layers hold set-user-id programs, and records hold secrets of environments.
#pragma once

#include <string>

#include "base/error.h"
#include "base/unique_fd.h"

namespace planet::engine {

struct Places {
  static constexpr const char* kRoot = "/var/lib/planet";
  static constexpr const char* kRunRoot = "/run/planet";

  std::string root, run_root;  // absolute
  UniqueFd root_dir;
  UniqueFd run_dir;

  // Opens both, making what is missing and taking away rights of others.
  static Result<Places> open(const std::string& root, const std::string& runroot);

  std::string container_dir(const std::string& id) const { return root + "/containers/" + id; }
};

}  // namespace planet::engine
