// What criu is told, as arguments of its command line, and the file in which a checkpoint remembers the streams that a
// container shares with the outside. All pure.
//
// Source: criu(8); for the names of images and keys runc's, which reads and writes the same file.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace planet::runtime {

// What checkpoint and restore have in common. The directories are absolute.
struct CriuOptions {
  std::string images;  // the checkpoint
  std::string work;    // where criu works and writes its log
  bool tcp_established = false;
  bool ext_unix_sk = false;
  bool shell_job = false;
  bool file_locks = false;
  bool auto_dedup = false;
  bool empty_network = false;  // the network namespace is saved, and made, without what is in it
  std::string manage_cgroups = "soft";
};

// "soft", "full", "strict" or "ignore".
// Errors: kInvalidArgument - another word.
Result<> check_cgroups_mode(const std::string& mode);

struct DumpPlan {
  CriuOptions options;
  pid_t init = 0;
  bool leave_running = false;
  bool pre_dump = false;  // memory only, and the container runs on
  std::string parent;     // an earlier checkpoint, relative to `images`; empty: none
  std::string freezer;  // the directory of the control group that stops the container; empty: none
  std::vector<std::string> external;  // "mnt[PLACE]:KEY", "file[MOUNT:INODE]", "net[INODE]:KEY"
};

struct RestorePlan {
  CriuOptions options;
  std::string root;                       // a mount
  std::string pid_file;                   // where criu writes init's process id; must not be there
  bool leave_stopped = false;             // until each process is sent SIGCONT
  std::string lsm_profile, lsm_context;   // TYPE:NAME; a mount context; empty: as they were
  std::vector<std::string> external;      // "mnt[KEY]:SOURCE"
  std::vector<std::string> inherited;     // "fd[NUMBER]:RESOURCE"
  std::vector<std::string> joined;        // "uts:PATH"
  std::vector<std::string> cgroup_roots;  // "CONTROLLER:PATH", on v2 "PATH"
};

inline constexpr const char* kDumpLog = "dump.log";
inline constexpr const char* kRestoreLog = "restore.log";

// With the word "criu" itself.
std::vector<std::string> dump_arguments(const DumpPlan& plan);
std::vector<std::string> restore_arguments(const RestorePlan& plan);

// The groups of /proc/PID/cgroup as criu wants them for RestorePlan::cgroup_roots.
std::vector<std::string> cgroup_roots(std::string_view groups);

// The first line of criu's log that tells of an error, without its time, for those after it tell who has noticed; empty
// if there is none.
std::string first_error_line(std::string_view log);

// What descriptors 0, 1 and 2 of a container are: "pipe:[7]", "file[1f:2b]", or a path, which is of no use to others.
inline constexpr const char* kStreamsFile = "descriptors.json";
std::string write_streams(const std::vector<std::string>& streams);
// Errors: kInvalidArgument - not that.
Result<std::vector<std::string>> parse_streams(std::string_view text);

// "fd[NUMBER]:STREAM" for each that somebody outside holds the other end of, the first being descriptor 0.
std::vector<std::string> inherited_streams(const std::vector<std::string>& streams);

// One line of /proc/PID/mountinfo: proc(5).
struct MountLine {
  unsigned id = 0;
  std::string root, place;
  std::string type, source;
  std::string options;  // of the file system
};
// Lines of another form, of which the kernel has none, are passed over.
std::vector<MountLine> parse_mountinfo(std::string_view text);

}  // namespace planet::runtime
