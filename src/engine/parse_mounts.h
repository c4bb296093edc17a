// What -v, --mount, --tmpfs and --volumes-from say, strictly and in docker's syntax. Pure. Every error names the flag, the
// value and what is expected.
//
// Source: docker-run(1); Docker's documentation of volumes, bind mounts and tmpfs mounts.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "engine/request.h"
#include "oci/spec.h"

namespace planet::engine {

// -v [SRC:]DST[:OPTION,...]: SRC is a path of the host or a volume's name; without it the volume has none. `here` is the
// directory that "./x" is relative to.
Result<Volume> parse_volume(std::string_view text, const std::string& here);

// --tmpfs DST[:OPTION,...]
Result<oci::Mount> parse_tmpfs(std::string_view text);

// --mount type=volume|bind|tmpfs|image,source=...,target=...[,...]; fills one of the two lists.
Result<> parse_mount(std::string_view text, const std::string& here, RunRequest& request);

// --volumes-from CONTAINER[:ro|rw]
Result<VolumesFrom> parse_volumes_from(std::string_view text);

// --opt and the like: KEY=VALUE. As parse_pair, for a map.
Result<> add_pair(std::string_view flag, std::string_view text,
                  std::map<std::string, std::string>& to);

}  // namespace planet::engine
