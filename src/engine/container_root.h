// The root of a container as one tree by descriptors, for commands that read or change its files from outside.
//
// Of a running one it is a copy of what its first process has as root; of a stopped one its overlay, mounted where nobody
// sees it. Nothing in it is executed, loaded or resolved by the host's root: paths go through fs::Root.
#pragma once

#include <cstdint>
#include <string>

#include "base/error.h"
#include "engine/containers.h"
#include "engine/run.h"
#include "fs/detached_mount.h"
#include "fs/root.h"
#include "image/pack.h"

namespace planet::engine {

enum class Access : std::uint8_t { kRead, kWrite };

// With what is mounted below the root (volumes), or the root's own files alone.
enum class Below : std::uint8_t { kMounts, kNothing };

struct ContainerRoot {
  fs::DetachedMount mount;
  image::IdView ids;  // owners of its files
  UniqueFd lock;      // of a stopped one: nobody starts or removes it meanwhile

  Result<fs::Root> root() const;
  // The files that this thread makes belong to root inside from now on. An id-mapped volume takes no others.
  Result<> make_files_as_root() const;
};

// Errors: kCorrupt - its record is damaged; kWrongState - it is being started or removed just now; kNotFound - its image is
// gone.
Result<ContainerRoot> open_container_root(const Engine& engine, const std::string& id,
                                          Access access, Below below);

// A container that runs, or that nobody starts or removes as long as this lives.
struct StillContainer {
  Container container;
  UniqueFd lock;  // invalid: it runs
};
// Errors: kCorrupt - its record is damaged; kWrongState - it is being started or removed just now.
Result<StillContainer> hold_still(const Engine& engine, const std::string& id);

// The layers that overlayfs is given, topmost first: those of its image, and the places to mount on (engine/host_files.h). Without
// meaning for one that runs on a directory.
std::vector<std::string> layer_dirs(const Engine& engine, const Record& record);

// The ids of its users.
image::IdView ids_of(const Record& record);

}  // namespace planet::engine
