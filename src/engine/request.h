// RunRequest: what a user asked of `planet run`, in plain data. Nothing here has touched the machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "network/attachment.h"
#include "network/ports.h"
#include "network/resolv_conf.h"
#include "oci/seccomp_profile.h"
#include "oci/spec.h"

namespace planet::engine {

// kNone: a private namespace with loopback alone; kConnected: one that is connected, too.
enum class Network : std::uint8_t { kNone, kHost, kConnected };

// What a container's files say of names, besides what the engine finds out.
struct Naming {
  network::DnsChoice dns;
  std::vector<std::string>
      hosts;  // --add-host: "NAME:ADDRESS", as it was given; the address may be "host-gateway"
  std::string domain;  // --domainname
  bool operator==(const Naming&) const = default;
};

// Namespaces that are not the container's own (engine/sharing.h): "host" or "container:NAME", in a record its id.
struct Sharing {
  // "" for its own, "host" or "container:NAME"; network: "container:NAME" alone; ipc: "shareable" and "none", too.
  std::string pid, ipc, uts, network;
  bool operator==(const Sharing&) const = default;
};

// Whose user ids. kDefault is kAuto where the host can, else kHost, said once.
enum class UserNamespace : std::uint8_t { kDefault, kAuto, kHost };

enum class Explain : std::uint8_t { kNo, kText, kJson };

// When a container that has ended is started again by itself.
enum class Restart : std::uint8_t { kNo, kOnFailure, kAlways, kUnlessStopped };
struct RestartPolicy {
  Restart when = Restart::kNo;
  int most = 0;  // kOnFailure: so many times; 0: as often as it takes
  bool operator==(const RestartPolicy&) const = default;
};

// Whether the container does its job: a command in it that says so.
enum class OnUnhealthy : std::uint8_t { kNone, kKill, kRestart, kStop };
struct HealthCheck {
  std::vector<std::string> test;  // docker's: {"CMD", WORD...} or {"CMD-SHELL", TEXT}; empty: none
  std::int64_t interval_ms = 30'000, timeout_ms = 30'000, start_ms = 0;
  int retries = 3;
  OnUnhealthy action = OnUnhealthy::kNone;
  bool operator==(const HealthCheck&) const = default;
};

// What was said of it at a start; the rest the image says, or it is as above.
struct HealthWish {
  bool none = false;              // no check, whatever the image says
  std::vector<std::string> test;  // empty: the image's
  std::optional<std::int64_t> interval_ms, timeout_ms, start_ms;
  std::optional<int> retries;
  OnUnhealthy action = OnUnhealthy::kNone;
};

// Which of the caller's streams are the container's (-a). Its input also needs -i.
struct Attached {
  bool in = true, out = true, err = true;
};

// Where the output of a container is written down, and how much of it.
enum class LogDriver : std::uint8_t {
  kJsonFile,
  kLocal,
  kJournald,
  kNone
};  // kLocal: the same file
struct LogSettings {
  LogDriver driver = LogDriver::kJsonFile;
  std::uint64_t most_bytes = 10U << 20;  // of one file; then the next one begins
  int files = 3;
  bool has_file() const { return driver == LogDriver::kJsonFile || driver == LogDriver::kLocal; }
  bool operator==(const LogSettings&) const = default;
};

enum class VolumeKind : std::uint8_t { kBind, kVolume, kImage };

// When the image is got from its registry.
enum class Pull : std::uint8_t { kMissing, kAlways, kNever };

struct Volume {
  VolumeKind kind = VolumeKind::kBind;
  // kBind: an absolute path; kVolume: its name, empty for one without; kImage: the image's
  std::string source;
  std::string destination;           // in the container
  std::vector<std::string> options;  // "ro", "rbind", ...
  bool match_user = false;           // of a bind: its owner and the container's user change places
  // Of a volume or an image:
  std::string subpath;  // what of it is mounted; empty for all
  // Of a volume:
  bool copy_up = true;     // an empty one gets what the image has at the destination
  bool anonymous = false;  // it goes with the container
  std::map<std::string, std::string> labels, driver_options;  // of one that is made for it
};

struct VolumesFrom {
  std::string container;
  bool read_only = false;
};

// A device of the host, and what the container may do with it.
struct GrantedDevice {
  oci::Device node;
  std::string access;
};

struct RunRequest {
  std::string image;   // or ...
  std::string rootfs;  // ... a directory, absolute
  std::vector<std::string> command;
  std::string name;
  bool detach = false, remove = false, interactive = false, terminal = false;

  std::vector<std::string> env;  // "NAME=value"
  std::optional<std::string> work_dir, user, hostname;
  std::vector<std::string> groups;  // of the user, besides those it has in the image
  std::optional<std::vector<std::string>> entrypoint;
  std::map<std::string, std::string> labels;

  std::vector<Volume> volumes;
  std::vector<VolumesFrom> volumes_from;
  std::vector<oci::Mount> tmpfs;
  std::vector<GrantedDevice> devices;
  bool read_only = false;
  std::uint64_t shm_bytes = 64U << 20;

  std::vector<std::string> cap_add, cap_drop;
  bool privileged = false, no_new_privileges = false, seccomp_off = false, unmasked = false;
  std::string seccomp_file;                            // of --security-opt, and ...
  std::optional<oci::SeccompProfile> seccomp_profile;  // ... what it says
  std::string apparmor_profile;                        // empty: none is asked for
  Network network = Network::kNone;
  std::vector<network::Attachment>
      attachments;  // kConnected: one at least; the first is the main one
  std::vector<network::Publication> publications;
  std::vector<network::ExposedPorts> exposed;  // besides those of the image
  bool publish_all = false;                    // -P
  Naming naming;
  Sharing shared;
  UserNamespace user_namespace = UserNamespace::kDefault;
  std::vector<oci::Rlimit> ulimits;
  std::optional<int> oom_score_adj;
  std::map<std::string, std::string> sysctls;
  oci::Resources resources;
  std::string cgroup_parent;  // "/a/b"; empty: Planet's

  std::string stop_signal;
  std::string id_file;                   // --cidfile; absolute
  std::string detach_keys = "\x10\x11";  // as bytes
  int stop_timeout = 10;                 // seconds
  RestartPolicy restart;
  HealthWish health;
  Attached attached;
  LogSettings log;
  bool init = false;
  Explain explain = Explain::kNo;
  Pull pull = Pull::kMissing;
};

}  // namespace planet::engine
