#include "run_flags.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "base/strings.h"
#include "cli.h"
#include "cli/flags.h"
#include "engine/detach_keys.h"
#include "engine/device.h"
#include "engine/journal.h"
#include "engine/parse.h"
#include "engine/parse_mounts.h"
#include "engine/reserve.h"
#include "engine/seccomp_file.h"
#include "engine/sharing.h"
#include "format/moment.h"
#include "network_flags.h"
#include "pair_files.h"
#include "resource_flags.h"
#include "runtime/own_program.h"
#include "security/rlimits.h"
#include "sys/file.h"
#include "sys/signals.h"

namespace planet::cli {
namespace {

using engine::RunRequest;

// Flags as text, before they are judged.
struct Words {
  std::vector<std::string> env, env_files, volumes, mounts, volumes_from, tmpfs, cap_add, cap_drop,
      security, ulimits, labels, label_files, groups, sysctls, devices;
  std::string userns, pull = "missing", explain, hostname, work_dir, user, detach_keys, pid, ipc,
                      uts;
  std::optional<std::string> cgroup_parent, shm_size, stop_timeout, oom_score_adj, restart, gpus,
      entrypoint, health_cmd, health_interval, health_timeout, health_retries, health_start,
      health_action, log_driver;
  std::vector<std::string> log_options, attach;
  bool no_health = false;
  NetworkWords networks;
  ResourceWords resources;
};

void add_process_flags(Flags& flags, RunRequest& request, Words& words) {
  flags.add_flag("--rm", request.remove, "remove the container when it ends");
  flags.add_flag("-i,--interactive", request.interactive, "give it the input of this command");
  flags.add_list("-a,--attach", words.attach, "stdin, stdout, stderr: only these, instead of all");
  flags.add_flag("-t,--tty", request.terminal, "give it a terminal");
  flags.add_option("--name", request.name, "its name");
  flags.add_list("-e,--env", words.env, "environment NAME=VALUE; NAME alone is taken from here");
  flags.add_list("--env-file", words.env_files, "file of NAME=VALUE lines");
  flags.add_option("-w,--workdir", words.work_dir, "working directory in the container");
  flags.add_option("-u,--user", words.user, "NAME|UID[:GROUP|GID]");
  flags.add_list("--group-add", words.groups, "a group more, NAME or GID, that its user is in");
  flags.add_option("-h,--hostname", words.hostname, "its host name");
  flags.add_text("--entrypoint", words.entrypoint, "instead of the image's entrypoint");
  flags.add_list("-l,--label", words.labels, "NAME=VALUE");
  flags.add_list("--label-file", words.label_files, "file of NAME=VALUE lines");
  flags.add_flag("--init", request.init, "a small process 1 that reaps orphans");
  flags.add_option("--stop-signal", request.stop_signal, "what `planet stop` sends first");
  flags.add_text("--stop-timeout", words.stop_timeout, "seconds until it kills; -1 waits for ever");
  flags.add_text("--restart", words.restart, "no, on-failure[:N], always or unless-stopped");
  flags.add_text("--health-cmd", words.health_cmd, "a command in it that says whether it is well");
  flags.add_text("--health-interval", words.health_interval, "time between two of them (30s)");
  flags.add_text("--health-timeout", words.health_timeout, "time one may take (30s)");
  flags.add_text("--health-retries", words.health_retries, "failures that make it unhealthy (3)");
  flags.add_text("--health-start-period", words.health_start, "time in which none counts (0s)");
  flags.add_text("--health-on-failure", words.health_action, "none, kill, restart or stop");
  flags.add_flag("--no-healthcheck", words.no_health, "none, whatever the image says");
  flags.add_text("--log-driver", words.log_driver, "json-file, local (the same), journald or none");
  flags.add_list("--log-opt", words.log_options, "max-size=10m, max-file=3");
  flags.add_option("--detach-keys", words.detach_keys, "what leaves it running: ctrl-p,ctrl-q");
  flags.add_option("--cidfile", request.id_file, "a new file to write its id to");
  flags.add_text("--gpus", words.gpus, "not possible yet: give devices with --device");
  flags.add_list("--ulimit", words.ulimits, "NAME=SOFT[:HARD]");
  flags.add_text("--oom-score-adj", words.oom_score_adj, "-1000 to 1000");
  // A flag that may have a value after '=', but never takes the next word for one.
  flags.add_flag("--explain{text}", words.explain, "show each step of making it; =json for tools");
  flags.add_option("--pull", words.pull,
                   "always, missing or never get the image from its registry");
}

void add_file_flags(Flags& flags, RunRequest& request, Words& words) {
  flags.add_list("-v,--volume", words.volumes, "[VOLUME|DIRECTORY:]DESTINATION[:ro]");
  flags.add_list(
      "--mount", words.mounts,
      "type=volume|bind|tmpfs|image and, with commas between, source=..., target=..., readonly");
  flags.add_list("--volumes-from", words.volumes_from,
                 "CONTAINER[:ro]: its volumes and binds, too");
  flags.add_list("--tmpfs", words.tmpfs, "DESTINATION[:OPTIONS]");
  flags.add_list("--device", words.devices, "HOST[:CONTAINER][:rwm], below /dev");
  flags.add_flag("--read-only", request.read_only, "its root filesystem cannot be written");
  flags.add_text("--shm-size", words.shm_size, "size of /dev/shm");
  flags.add_option("--rootfs", request.rootfs, "a directory instead of an image");
}

void add_isolation_flags(Flags& flags, RunRequest& request, Words& words) {
  flags.add_list("--cap-add", words.cap_add, "a capability, or ALL");
  flags.add_list("--cap-drop", words.cap_drop, "a capability, or ALL");
  flags.add_list("--security-opt", words.security,
                 "no-new-privileges, seccomp=FILE|unconfined, apparmor=PROFILE, ...");
  flags.add_flag("--privileged", request.privileged,
                 "all capabilities, no filter, the host's users");
  flags.add_option("--pid", words.pid, "whose processes it sees: host or container:NAME");
  flags.add_option("--ipc", words.ipc,
                   "whose shared memory it has: private, shareable, none, host or container:NAME");
  flags.add_option("--uts", words.uts, "whose host name it has: host or container:NAME");
  flags.add_option("--userns", words.userns, "auto (private users) or host");
  flags.add_text("--cgroup-parent", words.cgroup_parent, "the control group to be made in");
  flags.add_list("--sysctl", words.sysctls, "NAME=VALUE");
}

Result<> judge_mounts(const Words& words, RunRequest& request) {
  const std::string here = current_directory();
  for (const std::string& text : words.volumes) {
    TRY_SET(engine::Volume volume, engine::parse_volume(text, here));
    request.volumes.push_back(std::move(volume));
  }
  for (const std::string& text : words.mounts) TRY(engine::parse_mount(text, here, request));
  for (const std::string& text : words.tmpfs) {
    TRY_SET(oci::Mount mount, engine::parse_tmpfs(text));
    request.tmpfs.push_back(std::move(mount));
  }
  for (const std::string& text : words.devices) {
    TRY_SET(engine::GrantedDevice device, engine::find_device(text));
    request.devices.push_back(std::move(device));
  }
  if (words.shm_size) {
    TRY_SET(const std::int64_t size, engine::parse_size("--shm-size", *words.shm_size));
    request.shm_bytes = static_cast<std::uint64_t>(size);
  }
  if (!request.rootfs.empty() && !request.rootfs.starts_with('/'))
    request.rootfs = here + "/" + request.rootfs;
  for (const std::string& text : words.volumes_from) {
    TRY_SET(engine::VolumesFrom from, engine::parse_volumes_from(text));
    request.volumes_from.push_back(std::move(from));
  }
  for (const engine::Volume& volume : request.volumes)
    if (volume.kind == engine::VolumeKind::kBind &&
        !sys::exists_at(sys::kCwd, volume.source.c_str()))
      return fail(Code::kNotFound,
                  "volume source " + quote(volume.source) + " does not exist; make it first");
  return {};
}

// Which namespaces are not its own.
Result<> judge_sharing(const Words& words, RunRequest& request) {
  if (!words.pid.empty()) {
    TRY_SET(request.shared.pid, engine::parse_sharing("--pid", words.pid));
  }
  if (!words.ipc.empty()) {
    TRY_SET(request.shared.ipc, engine::parse_sharing("--ipc", words.ipc));
  }
  if (!words.uts.empty()) {
    TRY_SET(request.shared.uts, engine::parse_sharing("--uts", words.uts));
  }
  if (!request.shared.uts.empty() && request.hostname)
    return fail(Code::kInvalidArgument, "--hostname and --uts contradict each other");
  const bool host_users = request.privileged || words.userns == "host";
  for (const auto& [flag, sharing] :
       {std::pair("--pid", &request.shared.pid), std::pair("--ipc", &request.shared.ipc)})
    if (engine::shares_with_host(*sharing) && !host_users)
      return fail(Code::kInvalidArgument, std::string(flag) +
                                              " host needs the host's users, too: give --userns "
                                              "host");
  return {};
}

Result<> judge_isolation(const Words& words, RunRequest& request) {
  request.cap_add = words.cap_add;
  request.cap_drop = words.cap_drop;
  for (const std::string& text : words.security) TRY(engine::parse_security_option(text, request));
  if (!request.seccomp_file.empty()) {
    TRY_SET(request.seccomp_profile, engine::read_seccomp_profile(request.seccomp_file));
  }
  TRY(judge_sharing(words, request));
  if (words.userns == "host")
    request.user_namespace = engine::UserNamespace::kHost;
  else if (words.userns == "auto")
    request.user_namespace = engine::UserNamespace::kAuto;
  else if (!words.userns.empty())
    return fail(Code::kInvalidArgument,
                "--userns " + quote(words.userns) + ": expected auto or host");
  if (request.privileged && words.userns == "auto")
    return fail(Code::kInvalidArgument,
                "--privileged uses the host's users: leave out --userns auto");
  if (words.cgroup_parent) {
    TRY_SET(request.cgroup_parent, engine::parse_cgroup_parent(*words.cgroup_parent));
  }
  for (const std::string& text : words.sysctls) {
    if (text.find('=') == std::string::npos)
      return fail(Code::kInvalidArgument, "--sysctl " + quote(text) + ": expected NAME=VALUE");
    TRY_SET(const auto pair, engine::parse_pair("--sysctl", text));
    request.sysctls[pair.first] = pair.second;
  }
  return {};
}

Result<> judge_labels(const Words& words, RunRequest& request) {
  std::vector<std::string> texts;
  for (const std::string& file : words.label_files) {
    TRY_SET(std::vector<std::string> lines, read_pairs("--label-file", file));
    std::ranges::move(lines, std::back_inserter(texts));
  }
  texts.insert(texts.end(), words.labels.begin(), words.labels.end());
  for (const std::string& text : texts) {
    TRY_SET(const auto pair, engine::parse_pair("--label", text));
    request.labels[pair.first] = pair.second;
  }
  return {};
}

Result<> judge_health_time(const char* flag, const std::optional<std::string>& text,
                           std::optional<std::int64_t>& milliseconds) {
  constexpr std::int64_t kNsPerMs = 1'000'000;
  if (!text || *text == "0" || *text == "0s") return {};
  TRY_SET(const std::int64_t ns, format::parse_duration(*text), flag);
  if (ns < kNsPerMs)
    return fail(Code::kInvalidArgument,
                std::string(flag) + " " + quote(*text) + ": the least is 1ms");
  milliseconds = ns / kNsPerMs;
  return {};
}

Result<> judge_health(const Words& words, engine::HealthWish& health) {
  const bool other = words.health_cmd || words.health_interval || words.health_timeout ||
                     words.health_retries || words.health_start;
  if (words.no_health && other)
    return fail(Code::kInvalidArgument, "--no-healthcheck contradicts the other --health flags");
  health.none = words.no_health;
  if (words.health_cmd && !words.health_cmd->empty())
    health.test = {"CMD-SHELL", *words.health_cmd};
  TRY(judge_health_time("--health-interval", words.health_interval, health.interval_ms));
  TRY(judge_health_time("--health-timeout", words.health_timeout, health.timeout_ms));
  TRY(judge_health_time("--health-start-period", words.health_start, health.start_ms));
  if (words.health_retries) {
    TRY_SET(const std::int64_t retries,
            engine::parse_whole("--health-retries", *words.health_retries, 0, 1'000'000));
    if (retries > 0) health.retries = static_cast<int>(retries);
  }
  TRY_SET(health.action, engine::parse_on_unhealthy(words.health_action.value_or("none")));
  return {};
}

// -a
Result<> judge_attached(const Words& words, RunRequest& request) {
  if (words.attach.empty()) return {};
  if (request.detach)
    return fail(Code::kInvalidArgument, "-a and -d contradict each other: -d attaches nothing");
  request.attached = {.in = false, .out = false, .err = false};
  for (const std::string& stream : words.attach) {
    if (stream == "stdin")
      request.attached.in = true;
    else if (stream == "stdout")
      request.attached.out = true;
    else if (stream == "stderr")
      request.attached.err = true;
    else
      return fail(Code::kInvalidArgument,
                  "--attach " + quote(stream) + ": expected stdin, stdout or stderr");
  }
  // docker's: whoever attaches the input wants it open.
  request.interactive = request.interactive || request.attached.in;
  return {};
}

Result<> judge_life(const Words& words, RunRequest& request) {
  if (words.restart) {
    TRY_SET(request.restart, engine::parse_restart(*words.restart));
  }
  if (request.remove && request.restart.when != engine::Restart::kNo)
    return fail(Code::kInvalidArgument,
                "--restart and --rm contradict each other: what is removed is not started again");
  TRY(judge_health(words, request.health));
  TRY(judge_attached(words, request));
  if (words.log_driver) TRY(engine::parse_log_driver(*words.log_driver, request.log));
  if (request.log.driver == engine::LogDriver::kJournald) TRY(engine::check_journal());
  if (!request.log.has_file() && !words.log_options.empty())
    return fail(Code::kInvalidArgument, "--log-opt " + quote(words.log_options.front()) +
                                            ": --log-driver " + *words.log_driver +
                                            " has no file that it could be said of");
  for (const std::string& text : words.log_options)
    TRY(engine::parse_log_option(text, request.log));
  TRY_SET(request.detach_keys, engine::parse_detach_keys(words.detach_keys));
  if (words.gpus)
    return fail(Code::kUnsupported, "--gpus " + quote(*words.gpus) +
                                        ": planet does not know GPUs; give their device nodes with "
                                        "--device, and their libraries with -v");
  if (!request.id_file.empty() && !request.id_file.starts_with('/'))
    request.id_file = current_directory() + "/" + request.id_file;
  if (!request.stop_signal.empty() && sys::signal_number(request.stop_signal) == 0)
    return fail(Code::kInvalidArgument,
                "--stop-signal " + quote(request.stop_signal) + ": no such signal");
  if (words.stop_timeout) {
    TRY_SET(request.stop_timeout, parse_stop_timeout("--stop-timeout", *words.stop_timeout));
  }
  return {};
}

Result<> judge_process(const Words& words, RunRequest& request) {
  if (!words.work_dir.empty()) request.work_dir = words.work_dir;
  if (!words.user.empty()) request.user = words.user;
  request.groups = words.groups;
  if (!words.hostname.empty()) {
    TRY(engine::check_hostname("--hostname", words.hostname));
    request.hostname = words.hostname;
  }
  if (!request.name.empty()) TRY(engine::check_name(request.name));
  if (words.oom_score_adj) {
    TRY_SET(const std::int64_t score,
            engine::parse_whole("--oom-score-adj", *words.oom_score_adj, -1000, 1000));
    request.oom_score_adj = static_cast<int>(score);
  }
  for (const std::string& text : words.ulimits) {
    TRY_SET(oci::Rlimit limit, security::parse_ulimit(text));
    request.ulimits.push_back(std::move(limit));
  }
  if (words.explain == "json")
    request.explain = engine::Explain::kJson;
  else if (words.explain == "text")
    request.explain = engine::Explain::kText;
  else if (!words.explain.empty())
    return fail(Code::kInvalidArgument,
                "--explain=" + quote(words.explain) + ": expected nothing or json");
  if (words.pull == "always")
    request.pull = engine::Pull::kAlways;
  else if (words.pull == "never")
    request.pull = engine::Pull::kNever;
  else if (words.pull != "missing")
    return fail(Code::kInvalidArgument,
                "--pull " + quote(words.pull) + ": expected always, missing or never");
  return {};
}

Result<> judge(const Words& words, RunRequest& request) {
  TRY(judge_process(words, request));
  TRY(judge_life(words, request));
  TRY(judge_labels(words, request));
  TRY(add_environment(words.env_files, words.env, request.env));
  TRY(judge_mounts(words, request));
  TRY(judge_isolation(words, request));
  TRY(judge_networks(words.networks, request));
  return judge_resources(words.resources, request.resources);
}

// Here, for what comes next may read the caller's input (--env-file /dev/stdin), which can be done only once.
Result<> leave_program_if_needed(const RunRequest& request, const Words& words) {
  if (!request.privileged && words.userns != "host") return {};
  return runtime::leave_writable_program();
}

// `planet run` alone: a shell on the embedded image, as comfortable as the caller's streams allow.
void take_defaults(RunRequest& request) {
  request.image = "busybox";
  request.interactive = true;
  request.terminal = ::isatty(0) == 1 && ::isatty(1) == 1;
}

// What follows the flags.
bool take_image_and_command(const CLI::App& app, bool run, RunRequest& request, int& status) {
  std::vector<std::string> rest = app.remaining();
  if (!rest.empty() && rest.front() == "--") rest.erase(rest.begin());
  if (!rest.empty() && is_stray_flag(app, rest.front())) {
    status = kEngineFailed;
    return false;
  }
  if (request.rootfs.empty() && rest.empty()) {
    if (!run) {
      status = complain("create needs an image; see `planet create --help`");
      return false;
    }
    take_defaults(request);
  } else if (request.rootfs.empty()) {
    request.image = rest.front();
    rest.erase(rest.begin());
  }
  request.command = std::move(rest);
  return true;
}

}  // namespace

std::optional<RunRequest> parse_run_flags(Making making, const std::vector<std::string>& args,
                                          int& status) {
  RunRequest request;
  Words words;
  const bool run = making == Making::kRun;
  CLI::App app(run ? "Makes a container from an image and runs a command in it."
                   : "Makes a container from an image, to be started later.",
               run ? "planet run" : "planet create");
  app.footer(run ? "planet run [FLAGS] [IMAGE [COMMAND...]]"
                 : "planet create [FLAGS] IMAGE [COMMAND...]");
  app.set_help_flag("--help", "print this help and exit");  // -h is the host name
  app.prefix_command();
  Flags flags(app, args);
  if (run) flags.add_flag("-d,--detach", request.detach, "run in the background and print the id");
  add_process_flags(flags, request, words);
  add_file_flags(flags, request, words);
  add_isolation_flags(flags, request, words);
  add_network_flags(flags, words.networks);
  add_resource_flags(flags, words.resources);
  if (!parse(app, args, status)) return std::nullopt;
  if (const Result<> left = leave_program_if_needed(request, words); !left) {
    status = complain(left.error(), kEngineFailed);
    return std::nullopt;
  }
  if (!take_image_and_command(app, run, request, status)) return std::nullopt;
  if (words.entrypoint)
    request.entrypoint = words.entrypoint->empty() ? std::vector<std::string>()
                                                   : std::vector<std::string>{*words.entrypoint};
  if (const Result<> judged = judge(words, request); !judged) {
    status = complain(judged.error(), kEngineFailed);
    return std::nullopt;
  }
  return request;
}

}  // namespace planet::cli
