// What is written down of a container: its record, made once; its state while it runs; how it ended.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "engine/places.h"
#include "engine/request.h"
#include "oci/spec.h"

namespace planet::engine {

inline constexpr std::size_t kShortId = 12;  // digits of an id, as ps and the host name show it

struct Record {
  std::string id, name, image, image_digest, created;  // created: RFC 3339, UTC
  // Chain ids of the image, topmost first. Written before any of them is opened: whoever deletes layers looks here.
  std::vector<std::string> layers;
  std::vector<std::string> command;
  std::map<std::string, std::string> labels;
  bool auto_remove = false;
  std::string stop_signal = "TERM";
  int stop_timeout = 10;
  std::optional<int> range;  // number of its private id range
  std::string cgroup;        // its control group, below the root of each hierarchy
  // What one more process in it needs (exec).
  std::string user;
  std::vector<std::string> env, capabilities, groups;
  std::string work_dir, apparmor_profile;
  bool private_users = false, host_network = false, no_new_privileges = false, seccomp_off = false,
       own_seccomp = false;  // the user's profile, kept in seccomp.json
};

// While it runs. A pid alone says nothing: it counts only with the start time and the boot it belongs to.
struct State {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  pid_t keeper = 0;
  std::uint64_t keeper_ticks = 0;
  std::string boot_id, started, cgroup;
};

struct Exit {
  int status = 0;
  bool oom_killed = false;
  std::string finished;
};

Result<> write_record(const Places& places, const Record& record);
Result<Record> read_record(const Places& places, const std::string& id);

Result<> write_state(const Places& places, const std::string& id, const State& state);
std::optional<State> read_state(const Places& places, const std::string& id);
void drop_state(const Places& places, const std::string& id);

Result<> write_exit(const Places& places, const std::string& id, const Exit& exit);
std::optional<Exit> read_exit(const Places& places, const std::string& id);

std::string boot_id();

}  // namespace planet::engine
