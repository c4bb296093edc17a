// What is written down of a container: its record, made once; its state while it runs; how it ended.
#pragma once

#include <sys/types.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "engine/places.h"
#include "engine/request.h"
#include "oci/spec.h"

namespace planet::engine {

inline constexpr std::size_t kShortId = 12;  // digits of an id, as ps and the host name show it

// What was mounted for the user, for `inspect`, --volumes-from, and whoever removes volumes.
// Who has changed places on a mount: engine/user_match.h.
struct UserMatch {
  std::uint32_t owner_uid = 0, owner_gid = 0;  // on the disk
  std::uint32_t user_uid = 0, user_gid = 0;    // in the container
  bool operator==(const UserMatch&) const = default;
};

struct RecordedMount {
  std::string type;         // "volume", "bind", "tmpfs" or "image"
  std::string name;         // the volume's, or the image's
  std::string source;       // a path of the host
  std::string destination;  // in the container
  std::string subpath;      // what of the volume is mounted; empty for all
  std::vector<std::string> options;
  bool anonymous = false;           // the volume goes with the container
  std::vector<std::string> layers;  // chain ids of what is shown of the image, topmost first
  std::optional<UserMatch> match;   // else the ids are the container's
  bool read_only() const;
  std::string propagation() const;  // "rprivate" unless something else was asked for
  bool operator==(const RecordedMount&) const = default;
};

struct Record {
  std::string id, name, image, image_digest, created;  // created: RFC 3339, UTC
  // Chain ids of the image, topmost first, then those of images that are mounted. Written before any of them is opened: whoever deletes layers looks here.
  std::vector<std::string> layers;
  std::vector<std::string> command;
  std::map<std::string, std::string> labels;
  std::vector<RecordedMount> mounts;
  bool auto_remove = false;
  std::string stop_signal = "TERM";
  int stop_timeout = 10;
  std::optional<int> range;  // number of its private id range
  std::string cgroup;        // its control group, below the root of each hierarchy
  // What one more process in it needs (exec).
  std::string user;
  std::vector<std::string> env;  // as given_environment() has it
  std::vector<std::string> capabilities, groups;
  std::string hostname, work_dir, apparmor_profile;
  bool private_users = false, host_network = false, no_new_privileges = false, seccomp_off = false,
       own_seccomp = false;  // the user's profile, kept in seccomp.json
  // What one more start needs, beside config.json.
  std::size_t shown_layers = 0;  // so many of `layers`, from the top, are not hidden by one above
  std::string rootfs;            // a directory instead of layers
  bool terminal = false, interactive = false, stdin_once = false, init_reaper = false;
  RestartPolicy restart;
  HealthCheck health;  // without a test: none
  LogSettings log;
  Sharing shared;
  // Of one that is connected: to which networks, by name, and as what.
  std::vector<network::Attachment> attachments;
  std::vector<network::Publication> publications;  // with those of -P
  std::vector<network::ExposedPorts> exposed;      // the image's, --expose's and -p's
  Naming naming;
  // As it was asked for, for whoever looks at it.
  std::vector<std::string> entrypoint, arguments, cap_add, cap_drop;
  bool privileged = false;
};

// While it runs. A pid alone says nothing: it counts only with the start time and the boot it belongs to.
struct State {
  pid_t pid = 0;
  std::uint64_t start_ticks = 0;
  pid_t keeper = 0;
  std::uint64_t keeper_ticks = 0;
  std::string boot_id, started, cgroup;
  bool paused = false;
  bool restarting = false;         // between an end and the next start; then there is no process
  int restarts = 0;                // by the policy, since somebody started it
  std::optional<int> last_status;  // of the process before this one
};

// How it is at rest: how it ended, or that it has never been started.
struct Exit {
  int status = 0;
  bool oom_killed = false;
  std::string started, finished;
  bool never_started = false;
  bool stopped = false;  // somebody wanted it to end
  int restarts = 0;
  std::string error;  // why the last start failed
};

// The record as JSON, and back.
// Errors: kInvalidArgument, naming the field.
std::string record_text(const Record& record);
Result<Record> parse_record(std::string_view text);

Result<> write_record(const Places& places, const Record& record);
Result<Record> read_record(const Places& places, const std::string& id);

Result<> write_state(const Places& places, const std::string& id, const State& state);
std::optional<State> read_state(const Places& places, const std::string& id);
void drop_state(const Places& places, const std::string& id);

Result<> write_exit(const Places& places, const std::string& id, const Exit& exit);
std::optional<Exit> read_exit(const Places& places, const std::string& id);
void drop_exit(const Places& places, const std::string& id);

// config.json: the Spec of the next start. None of it needs to be UTF-8.
Result<> write_spec(const Places& places, const std::string& id, const oci::Spec& spec);
Result<oci::Spec> read_spec(const Places& places, const std::string& id);

std::string log_driver_name(LogDriver driver);  // "json-file"

std::string boot_id();

}  // namespace planet::engine
